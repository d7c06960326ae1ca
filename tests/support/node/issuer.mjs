// An OpenID provider on loopback, of the library oidc-provider. The arguments: the folder in which that is installed,
// and a file with clients, scopes, resource, keys and certificates (JSON). The first line of the output is the port;
// the end of the input is the end of the provider.
import { readFileSync } from "node:fs";
import https from "node:https";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const installed = createRequire(path.join(process.argv[2], "package.json"));
const { default: Provider } = await import(pathToFileURL(installed.resolve("oidc-provider")).href);
const { cert, key, ca, clients, jwks, scopes, resource, strict } = JSON.parse(readFileSync(process.argv[3], "utf8"));

const listening = (options) => new Promise((resolve) => {
  const server = https.createServer({ cert, key, ca, ...options });
  server.listen(0, "127.0.0.1", () => resolve(server));
});
const usual = await listening({});
const mutual = await listening({ requestCert: true, rejectUnauthorized: false });
const address = (server) => `https://localhost:${server.address().port}`;

const provider = new Provider(address(usual), {
  clients,
  jwks,
  scopes,
  clientDefaults: { id_token_signed_response_alg: "ES256" },
  clientAuthMethods: [
    "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth",
  ],
  // RFC 8705, 5: where a client shows its certificate
  discovery: { mtls_endpoint_aliases: { token_endpoint: `${address(mutual)}/token` } },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    mTLS: {
      enabled: true,
      tlsClientAuth: true,
      selfSignedTlsClientAuth: true,
      certificateAuthorized: (ctx) => ctx.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) =>
        property === "tls_client_auth_san_dns" && ctx.socket.getPeerX509Certificate().subjectAltName === `DNS:${expected}`,
      getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.(),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: () => ({
        scope: scopes.join(" "),
        audience: resource,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});
if (strict) {
  // FAPI 2.0: a signed JWT is for the issuer, and not for one of its endpoints
  provider.OIDCContext.prototype.clientJwtAuthExpectedAudience = () => new Set([provider.issuer]);
}
for (const server of [usual, mutual]) server.on("request", provider.callback());
console.log(usual.address().port);
process.stdin.on("end", () => process.exit()).resume();
