using Migration.Protos;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes.Serving;

/// <summary>From a pod's resolv.conf, which only its containers see, to the guest's lease.</summary>
public sealed class ResolverTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guest_is_told_how_its_pod_resolves_names_and_a_restart_forgets_nothing()
    {
        await using var lab = await NodeLab.StartAloneAsync();
        var pod = await lab.A.CreatePodAsync("vm");
        await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = pod.Plan(Guid.NewGuid().ToString()) });
        await pod.AttachAsync();
        var configuration = Path.Combine(lab.A.Folder, "resolv.conf");
        await File.WriteAllTextAsync(configuration, "nameserver 10.96.0.10\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n", Ct);

        pod.StartLauncher(configuration);

        Lease? told = null;
        await lab.A.EventuallyAsync(async () => (told = await LeaseAsync(lab)).NameServers.Count > 0, "the lease is complete");
        Assert.Equal(["10.96.0.10"], told!.NameServers);
        Assert.Equal(["default.svc.cluster.local", "svc.cluster.local", "cluster.local"], told.SearchDomains);
        Assert.Equal(("default.svc.cluster.local", "guest"), (told.Domain, told.HostName));
        await lab.A.RestartAsync();
        Assert.Equal(told, await LeaseAsync(lab));
    }

    private static async Task<Lease> LeaseAsync(NodeLab lab) => (await lab.A.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Single().Interface.Lease;
}
