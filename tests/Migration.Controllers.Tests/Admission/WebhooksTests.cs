using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Api;
using Migration.Controllers.Admission;
using Migration.Controllers.Tests.Lab;
using Migration.Kubernetes;
using Migration.Testing;

namespace Migration.Controllers.Tests.Admission;

/// <summary>The webhooks in their place: an API server that asks them, and kubectl in front of it.</summary>
public sealed class WebhooksTests
{
    private const int Port = 9443;
    private static readonly ObjectKey Secret = new("migration-system", "migration-webhook");

    [Fact]
    public async Task What_kubectl_applies_is_judged_completed_and_warned_of()
    {
        await using var lab = await ServedLabAsync();

        var refused = await Assert.ThrowsAnyAsync<Exception>(() => lab.ApplyAsync(Manifest("bad", "{cpu: {cores: 2000}, devices: {interfaces: [{name: a}]}, memory: {guest: 1Gi}}")));
        Assert.Contains("The VirtualMachineInstance \"bad\" is invalid", refused.Message, StringComparison.Ordinal);
        Assert.Contains("spec.domain.cpu.cores: 2000 is not between 1 and 1024", refused.Message, StringComparison.Ordinal);
        Assert.Contains("spec.domain.devices.interfaces[0].name: there is no network 'a' in spec.networks", refused.Message, StringComparison.Ordinal);

        await lab.ApplyAsync(Manifest("good", "{devices: {}, memory: {guest: 1Gi}}"));
        var instance = await lab.Instances.GetAsync(new ObjectKey("default", "good"), TestContext.Current.CancellationToken);
        Assert.Equal(("default", "q35", 1), (instance.Spec.Networks!.Single().Name, instance.Spec.Domain.Machine!.Type, instance.Spec.Domain.Cpu!.Sockets));
        Assert.Equal("None", instance.Spec.EvictionStrategy);

        // Applied again, it is what it was.
        Assert.Contains("good unchanged", await lab.ApplyAsync(Manifest("good", "{devices: {}, memory: {guest: 1Gi}}")), StringComparison.Ordinal);
        var changed = await Assert.ThrowsAnyAsync<Exception>(() => lab.ApplyAsync(Manifest("good", "{devices: {}, memory: {guest: 2Gi}}")));
        Assert.Contains("spec.domain.memory.guest: update of VMI object is restricted", changed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_is_refused_where_it_cannot_be()
    {
        await using var lab = await ServedLabAsync();

        var missing = await Assert.ThrowsAsync<KubernetesException>(() => lab.CreateMigrationAsync("m", "nobody"));
        Assert.Contains("denied the request: the VMI \"default/nobody\" does not exist", missing.Message, StringComparison.Ordinal);

        await lab.RunInstanceAsync("vm");
        lab.A.HoldCopies = true;
        var first = await lab.CreateMigrationAsync("first", "vm");
        Assert.True(first.Metadata.HasFinalizer(FinalizerNames.Migration));
        var second = await Assert.ThrowsAsync<KubernetesException>(() => lab.CreateMigrationAsync("second", "vm"));
        Assert.Contains($"in-flight migration detected. Active migration job ({first.Metadata.Uid})", second.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_replica_shows_the_certificate_that_the_leader_keeps_and_the_api_server_trusts()
    {
        await using var lab = await ControllerLab.StartAsync();
        // So far back that certificates made while the clock is moved on are good by the real one.
        var time = new ManualTime(TimeProvider.System.GetUtcNow().AddDays(-30));
        using var stop = new CancellationTokenSource();
        var (here, there) = (new IPEndPoint(lab.Address(11), Port), new IPEndPoint(lab.Address(12), Port));
        await using var leader = Replica(lab, here, here, time);
        await using var other = Replica(lab, there, here, time);
        Task[] running = [leader.RunAsync(stop.Token), other.RunAsync(stop.Token), leader.LeadAsync(stop.Token)];

        var first = await AgreedAsync(lab, time, here, there, before: null);

        // Spoilt by hand, it is made anew, and everybody follows.
        await lab.Client.For(Kinds.Secrets).DeleteAsync(Secret, TestContext.Current.CancellationToken);
        var second = await AgreedAsync(lab, time, here, there, before: first);
        Assert.NotEqual(first, second);

        await stop.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    // Until both show the same certificate, not that of before, and it is signed by what both configurations trust.
    private static async Task<string> AgreedAsync(ControllerLab lab, ManualTime time, IPEndPoint here, IPEndPoint there, string? before)
    {
        string[] shown = [];
        await EventuallyAsync(async () =>
        {
            time.Advance(TimeSpan.FromSeconds(61));
            var bundles = await Task.WhenAll(BundleAsync(lab, WebhookConfigurations.Validating), BundleAsync(lab, WebhookConfigurations.Mutating));
            if (bundles is not [{ } trusted, { } also] || trusted != also)
                return false;
            shown = [await ShownAsync(here, trusted), await ShownAsync(there, trusted)];
            return shown[0].Length > 0 && shown[0] == shown[1] && shown[0] != before;
        });
        return shown[0];
    }

    private static async Task<string?> BundleAsync(ControllerLab lab, ResourceKind<PartialObject> kind) =>
        await lab.Client.For(kind).FindAsync(ObjectKey.Of("migration"), TestContext.Current.CancellationToken) is { } configuration
            ? Encoding.UTF8.GetString(Convert.FromBase64String((string)JsonNode.Parse(configuration.Unknown!["webhooks"].GetRawText())![0]!["clientConfig"]!["caBundle"]!))
            : null;

    // The certificate's thumbprint; empty when nobody answers, or it is not trusted.
    private static async Task<string> ShownAsync(IPEndPoint endpoint, string trusted)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endpoint, TestContext.Current.CancellationToken);
            await using var tls = new SslStream(new NetworkStream(socket));
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPem(trusted);
            // The leader's own address: the other one is another replica behind the same name.
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = $"127.{endpoint.Address.GetAddressBytes()[1]}.{endpoint.Address.GetAddressBytes()[2]}.11", CertificateChainPolicy = policy },
                TestContext.Current.CancellationToken);
            return ((X509Certificate2)tls.RemoteCertificate!).Thumbprint;
        }
        catch (Exception e) when (e is SocketException or System.Security.Authentication.AuthenticationException or IOException)
        {
            return "";
        }
    }

    private static Webhooks Replica(ControllerLab lab, IPEndPoint listen, IPEndPoint url, TimeProvider time) =>
        new(lab.Client, new WebhookOptions(listen, new Uri($"https://{url}")), "migration-system", AdmissionEndpoints.All(lab.Client, "None"), NullLoggerFactory.Instance, time);

    private static async Task<ControllerLab> ServedLabAsync()
    {
        var lab = await ControllerLab.StartAsync();
        var endpoint = new IPEndPoint(lab.Address(10), Port);
        lab.Webhooks = new WebhookOptions(endpoint, new Uri($"https://{endpoint}"));
        lab.StartControllers();
        await EventuallyAsync(async () => await BundleAsync(lab, WebhookConfigurations.Validating) is not null);
        return lab;
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await holds())
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, limit.Token);
    }

    private static string Manifest(string name, string domain) => $$"""
        apiVersion: kubevirt.io/v1
        kind: VirtualMachineInstance
        metadata:
          name: {{name}}
        spec:
          domain: {{domain}}
        """;
}
