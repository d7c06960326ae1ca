# docker build -t okd-conformance .        (in a checkout)
# docker run --rm --init --user "$(id -u):$(id -g)" -e OKD_SECRET -v "$PWD:/work" okd-conformance run target.yaml
# A target on this machine itself: add --network host (Linux), or name it host.docker.internal in the target file.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE requirements.lock ./
COPY src src
COPY specs specs
COPY suites suites
# The versions of the lock file, without what only the tests need.
RUN sed -n 's/^\([a-z][^ ]*==[^\\]*\).*/\1/p' requirements.lock > versions.txt \
    && python3 -m venv /opt/okd \
    && /opt/okd/bin/pip install --no-cache-dir --constraint versions.txt . \
    && /opt/okd/bin/pip uninstall --yes pip

FROM python:3.13-slim
COPY --from=build /opt/okd /opt/okd
RUN useradd --create-home okd && install --directory --owner okd /work
ENV PATH="/opt/okd/bin:$PATH"
USER okd
WORKDIR /work
ENTRYPOINT ["okd-conformance"]
CMD ["--help"]
