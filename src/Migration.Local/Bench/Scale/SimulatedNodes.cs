using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Migration.Local.ApiServer;

namespace Migration.Local.Bench.Scale;

/// <summary>
/// Many node services in one process, each on a loopback address of its own, behind the real gRPC and mutual TLS. Their guests are states
/// that take as long as real ones: the contract and its timing, and nothing that costs memory or a processor.
/// </summary>
internal sealed class SimulatedNodes : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly List<IssuedCertificate> _certificates;

    private SimulatedNodes(WebApplication web, List<IssuedCertificate> certificates, IReadOnlyList<SimulatedNode> all) =>
        (_web, _certificates, All) = (web, certificates, all);

    public IReadOnlyList<SimulatedNode> All { get; }

    public static async Task<SimulatedNodes> StartAsync(int count, int port, CertificateAuthority authority, TimeProvider time, CancellationToken ct)
    {
        var nodes = new Dictionary<IPAddress, SimulatedNode>();
        for (var number = 1; number <= count; number++)
        {
            var address = new IPAddress([127, 77, (byte)(number / 250), (byte)(1 + (number % 250))]);
            nodes[address] = new SimulatedNode($"node{number:000}", address, time, name => nodes.Values.First(node => node.Name == name));
        }
        List<IssuedCertificate> certificates = [];
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "SimulatedNodes" });
        builder.Services.AddSingleton(new Dictionary<IPAddress, SimulatedNode>(nodes)).AddRoutingCore().AddGrpc();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            foreach (var node in nodes.Values)
            {
                var certificate = authority.Issue($"migration:node:{node.Name}", "migration:nodes", [node.Address], [node.Name]);
                certificates.Add(certificate);
                kestrel.Listen(node.Address, port, listen => Secure(listen, certificate.Certificate));
            }
        });
        var web = builder.Build();
        web.UseRouting();
        web.MapGrpcService<SimulatedMachines>();
        web.MapGrpcService<SimulatedMigrations>();
        await web.StartAsync(ct);
        return new SimulatedNodes(web, certificates, [.. nodes.Values]);
    }

    public async ValueTask DisposeAsync()
    {
        await _web.StopAsync(new CancellationToken(canceled: true));
        await _web.DisposeAsync();
        _certificates.ForEach(certificate => certificate.Dispose());
    }

    private static void Secure(ListenOptions listen, X509Certificate2 certificate)
    {
        listen.Protocols = HttpProtocols.Http2;
        listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = certificate,
            ClientCertificateMode = ClientCertificateMode.RequireCertificate,
            ClientCertificateValidation = (shown, _, _) => shown.GetNameInfo(X509NameType.SimpleName, false) == "migration:controllers",
        });
    }
}
