using Migration.Controllers.Admission;
using Migration.Kubernetes;

namespace Migration.Controllers.Tests.Admission;

public sealed class WebhookKeysTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ObjectKey Where = new("migration-system", "migration-webhook");
    private static readonly string[] Hosts = ["migration-webhook.migration-system.svc", "10.77.0.1"];

    [Fact]
    public void A_new_certificate_bears_every_name_and_is_believed_by_who_trusts_the_authority()
    {
        var keys = WebhookKeys.Make(Hosts, Start);
        using var certificate = keys.Load();

        Assert.True(certificate.HasPrivateKey);
        Assert.All(Hosts, host => Assert.True(certificate.MatchesHostname(host), host));
        Assert.True(keys.IsTrusted(certificate));
        Assert.False(WebhookKeys.Make(Hosts, Start).IsTrusted(certificate));
    }

    [Fact]
    public void A_secret_is_read_back_as_it_was_written() => Assert.Equal(Made(), WebhookKeys.Read(Made().ToSecret(Where)));

    [Theory]
    [InlineData("ca.crt")]
    [InlineData("ca.key")]
    [InlineData("tls.crt")]
    [InlineData("tls.key")]
    public void A_spoilt_secret_is_none(string entry)
    {
        var secret = Made().ToSecret(Where);
        var without = new Dictionary<string, string>(secret.Data!);
        without.Remove(entry);
        var spoilt = new Dictionary<string, string>(secret.Data!) { [entry] = "bm90IGEgY2VydGlmaWNhdGU=" };
        var garbled = new Dictionary<string, string>(secret.Data!) { [entry] = "%%%" };

        Assert.All([without, spoilt, garbled], data => Assert.Null(WebhookKeys.Read(secret with { Data = data })));
    }

    [Fact]
    public void Nothing_is_renewed_while_nothing_is_due() => Assert.Same(Made(), Made().Renewed(Hosts, Start.AddDays(59)));

    [Fact]
    public void A_certificate_is_renewed_long_before_its_end_by_the_authority_that_is_trusted_already()
    {
        var renewed = Made().Renewed(Hosts, Start.AddDays(61));
        using var certificate = renewed.Load();

        Assert.Equal((Made().Authorities, Made().AuthorityKey), (renewed.Authorities, renewed.AuthorityKey));
        Assert.True(certificate.NotAfter > Start.AddDays(150).UtcDateTime);
        Assert.True(Made().IsTrusted(certificate));
    }

    [Fact]
    public void A_certificate_without_the_name_we_are_called_by_is_replaced()
    {
        var renewed = Made().Renewed(["10.99.0.1"], Start);
        using var certificate = renewed.Load();

        Assert.True(certificate.MatchesHostname("10.99.0.1"));
        Assert.Same(renewed, renewed.Renewed(["10.99.0.1"], Start));
    }

    [Fact]
    public void A_new_authority_is_made_known_before_it_signs()
    {
        var late = Start.AddDays(3650 * 0.95);
        var current = Made();
        while (current.Renewed(Hosts, Start.AddDays(3000)) is var next && next != current)
            current = next;
        using var before = current.Load();

        var known = current.Renewed(Hosts, late);
        Assert.NotEqual(current.AuthorityKey, known.AuthorityKey);
        Assert.Equal((current.Certificate, current.Key), (known.Certificate, known.Key));
        Assert.True(known.IsTrusted(before));

        var signed = known.Renewed(Hosts, late);
        using var after = signed.Load();
        Assert.True(known.IsTrusted(after));
        Assert.False(current.IsTrusted(after));
        Assert.Same(signed, signed.Renewed(Hosts, late));
    }

    [Fact]
    public void Keys_are_not_printed() => Assert.DoesNotContain("PRIVATE", Made().ToString(), StringComparison.Ordinal);

    private static WebhookKeys Made() => _made ??= WebhookKeys.Make(Hosts, Start);

    private static WebhookKeys? _made;
}
