"""Why a request has no answer, and what that says."""

from __future__ import annotations

from enum import StrEnum


class NoAnswer(StrEnum):
    """Why there is no answer. The names stand in ``exchanges.har``; message ``error_<name>`` explains one."""

    UNREACHABLE = "unreachable"
    TLS = "tls"
    CLIENT_CERTIFICATE = "client_certificate"
    PLAIN_PORT = "plain_port"
    HTTP2_ONLY = "http2_only"
    PROXY_LOGIN = "proxy_login"
    PROXY_REFUSED = "proxy_refused"
    UNKNOWN_HOST = "unknown_host"
    NOT_OPENED = "not_opened"
    """The target named an address in a network that it may not lead us into."""
    TIMEOUT = "timeout"
    DEADLINE = "deadline"
    DISCONNECTED = "disconnected"
    NOT_HTTP = "not_http"

    @classmethod
    def named(cls, name: object) -> NoAnswer | None:
        """The one with this name, None when there is none."""
        return next((one for one in cls if one == name), None)

    @property
    def never_sent(self) -> bool:
        """Whether nothing of the request can have reached the target."""
        return self.of_the_way or self in {self.UNREACHABLE, self.TLS, self.NOT_OPENED}

    @property
    def of_the_way(self) -> bool:
        """Whether something between us and the target is to be put right, with a message of its own."""
        return self in {
            self.CLIENT_CERTIFICATE,
            self.PLAIN_PORT,
            self.HTTP2_ONLY,
            self.PROXY_LOGIN,
            self.PROXY_REFUSED,
            self.UNKNOWN_HOST,
        }

    @property
    def waited_in_vain(self) -> bool:
        """Whether the target had the request, or could have it, and let us wait."""
        return self in {self.TIMEOUT, self.DEADLINE}

    @property
    def no_judgement(self) -> bool:
        """Whether it says nothing about the target; one that breaks off or talks nonsense did something."""
        return self.never_sent or self.waited_in_vain

    @property
    def unanswered(self) -> bool:
        """Whether nobody was there or answered in time; a server that goes on like that is given up."""
        return self.no_judgement and self is not self.NOT_OPENED
