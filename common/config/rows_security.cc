#include "common/config/broker_rows.h"

namespace ottla {
namespace {
using rows::Bool, rows::Class, rows::Double, rows::Int, rows::List, rows::Long, rows::Password, rows::Short, rows::Str;

constexpr ConfigRow kRows[] = {
    Str("ssl.protocol", "TLSv1.3", "Highest TLS version.").PerBroker(),
    List("ssl.enabled.protocols", "TLSv1.2,TLSv1.3", "TLS versions allowed.").PerBroker(),
    Str("ssl.provider", nullptr, "Java security provider; without effect.").PerBroker(),
    Str("ssl.secure.random.implementation", nullptr, "Java random source; without effect.").PerBroker(),
    List("ssl.cipher.suites", "", "Cipher suites allowed; empty allows the library's.").PerBroker(),
    Str("ssl.client.auth", "none", "Whether clients must show a certificate.")
        .Valid("required,requested,none")
        .PerBroker(),
    Str("ssl.keystore.type", "JKS", "Type of the key store.").PerBroker(),
    Str("ssl.truststore.type", "JKS", "Type of the trust store.").PerBroker(),
    Str("ssl.keystore.location", nullptr, "File of the key store.").PerBroker(),
    Str("ssl.truststore.location", nullptr, "File of the trust store.").PerBroker(),
    Password("ssl.keystore.password", "Password of the key store.").PerBroker(),
    Password("ssl.key.password", "Password of the private key.").PerBroker(),
    Password("ssl.truststore.password", "Password of the trust store.").PerBroker(),
    Password("ssl.keystore.key", "Private key in PEM.").PerBroker(),
    Password("ssl.keystore.certificate.chain", "Certificates in PEM.").PerBroker(),
    Password("ssl.truststore.certificates", "Trusted certificates in PEM.").PerBroker(),
    Str("ssl.keymanager.algorithm", "SunX509", "Java key manager; without effect.").PerBroker(),
    Str("ssl.trustmanager.algorithm", "PKIX", "Java trust manager; without effect.").PerBroker(),
    Str("ssl.endpoint.identification.algorithm", "https", "Host name check; empty turns it off.").PerBroker(),
    Class("ssl.engine.factory.class", nullptr, "Java plugin; not supported.").PerBroker(),
    Str("ssl.principal.mapping.rules", "DEFAULT", "Rules that turn certificate names into principals."),
    Bool("ssl.allow.dn.changes", "false", "Let a new key store carry another name."),
    Bool("ssl.allow.san.changes", "false", "Let a new key store carry other alternative names."),
    Class("principal.builder.class", "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
          "Java plugin; only the default is supported.")
        .PerBroker(),
    Str("security.providers", nullptr, "Java security providers; without effect."),
    Long("connections.max.reauth.ms", "0", "Longest SASL session before it must authenticate again; 0 is no limit."),
    List("sasl.enabled.mechanisms", "GSSAPI", "SASL mechanisms offered.").PerBroker(),
    Str("sasl.mechanism.inter.broker.protocol", "GSSAPI", "SASL mechanism between brokers.").PerBroker(),
    Password("sasl.jaas.config", "Login settings in JAAS form.").PerBroker(),
    Class("sasl.server.callback.handler.class", nullptr, "Java plugin; not supported."),
    Class("sasl.client.callback.handler.class", nullptr, "Java plugin; not supported."),
    Class("sasl.login.class", nullptr, "Java plugin; not supported."),
    Class("sasl.login.callback.handler.class", nullptr, "Java plugin; not supported."),
    Int("sasl.server.max.receive.size", "524288", "Largest SASL message before authentication."),
    Str("sasl.kerberos.service.name", nullptr, "Kerberos service name of the brokers.").PerBroker(),
    Str("sasl.kerberos.kinit.cmd", "/usr/bin/kinit", "Path of kinit.").PerBroker(),
    Double("sasl.kerberos.ticket.renew.window.factor", "0.8", "Share of a ticket's life before renewal.").PerBroker(),
    Double("sasl.kerberos.ticket.renew.jitter", "0.05", "Random part of the renewal time.").PerBroker(),
    Long("sasl.kerberos.min.time.before.relogin", "60000", "Shortest time between logins.").PerBroker(),
    List("sasl.kerberos.principal.to.local.rules", "DEFAULT", "Rules that shorten Kerberos principals.").PerBroker(),
    Double("sasl.login.refresh.window.factor", "0.8", "Share of a credential's life before renewal.")
        .Min(0)
        .Max(1)
        .PerBroker(),
    Double("sasl.login.refresh.window.jitter", "0.05", "Random part of that renewal time.").PerBroker(),
    Short("sasl.login.refresh.min.period.seconds", "60", "Shortest time between renewals.").Min(0).Max(900).PerBroker(),
    Short("sasl.login.refresh.buffer.seconds", "300", "Time kept before a credential ends.")
        .Min(0)
        .Max(3600)
        .PerBroker(),
    Int("sasl.login.connect.timeout.ms", nullptr, "Connect timeout to an identity provider."),
    Int("sasl.login.read.timeout.ms", nullptr, "Read timeout from an identity provider."),
    Long("sasl.login.retry.backoff.ms", "100", "First pause before another login."),
    Long("sasl.login.retry.backoff.max.ms", "10000", "Longest pause before another login."),
    Str("sasl.oauthbearer.scope.claim.name", "scope", "Claim with the scopes."),
    Str("sasl.oauthbearer.sub.claim.name", "sub", "Claim with the subject."),
    Str("sasl.oauthbearer.token.endpoint.url", nullptr, "Where tokens come from."),
    Str("sasl.oauthbearer.jwks.endpoint.url", nullptr, "Where token keys come from."),
    Str("sasl.oauthbearer.expected.issuer", nullptr, "Issuer a token must name."),
    List("sasl.oauthbearer.expected.audience", nullptr, "Audiences a token may name."),
    Long("sasl.oauthbearer.jwks.endpoint.refresh.ms", "3600000", "How often token keys are read again."),
    Long("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", "100", "First pause before keys are asked for again."),
    Long("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", "10000", "Longest such pause."),
    Int("sasl.oauthbearer.clock.skew.seconds", "30", "Clock difference allowed in tokens."),
};
}  // namespace

std::span<const ConfigRow> SecurityRows() { return kRows; }

}  // namespace ottla
