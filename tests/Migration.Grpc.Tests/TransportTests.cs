using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Migration.Grpc.Tests;

public sealed class TransportTests
{
    [Fact(Timeout = 20_000)]
    public async Task A_unix_socket_carries_calls()
    {
        var folder = Directory.CreateTempSubdirectory("mt-grpc-");
        try
        {
            var path = Path.Combine(folder.FullName, "s");
            var service = new ScriptedService
            {
                OnEmpty = (request, context) =>
                {
                    context.ResponseTrailers.Add("peer", context.Peer);
                    return Task.FromResult(request);
                },
            };
            await using var server = await LocalServer.StartAsync(
                service, kestrel: kestrel => kestrel.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http2));
            using var channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = UnixSocketTransport.CreateHandler(path) });
            using var call = new TestService.TestServiceClient(channel).EmptyCallAsync(new Empty());
            await call;
            Assert.Equal("unix:", call.GetTrailers().GetValue("peer"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact(Timeout = 20_000)]
    public async Task A_unix_socket_that_is_not_there_is_Unavailable_and_named()
    {
        using var channel = GrpcChannel.ForAddress(
            "http://localhost", new GrpcChannelOptions { HttpHandler = UnixSocketTransport.CreateHandler("/nowhere/node.sock") });
        var failure = await Assert.ThrowsAsync<RpcException>(() => new TestService.TestServiceClient(channel).EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        Assert.Contains("/nowhere/node.sock: there is no such socket", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_channel_finds_a_server_that_was_restarted()
    {
        var service = new ScriptedService { OnEmpty = (request, _) => Task.FromResult(request) };
        var first = await LocalServer.StartAsync(service);
        using var channel = GrpcChannel.ForAddress(first.Address);
        var client = new TestService.TestServiceClient(channel);
        await client.EmptyCallAsync(new Empty());
        await first.DisposeAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(() => client.EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        await using var second = await LocalServer.StartAsync(service, kestrel: kestrel =>
            kestrel.Listen(IPAddress.Loopback, first.Address.Port, listen => listen.Protocols = HttpProtocols.Http2));
        await client.EmptyCallAsync(new Empty());
    }

    [Fact(Timeout = 20_000)]
    public async Task Mutual_TLS_tells_each_side_who_the_other_is()
    {
        var certificates = new TestCertificates();
        await using var server = await StartTlsAsync(certificates);
        using var channel = TlsChannel(certificates, server.Address, certificates.Issue("migration:controllers"));
        using var call = new TestService.TestServiceClient(channel).EmptyCallAsync(new Empty());
        await call;
        Assert.Equal("migration:controllers", call.GetTrailers().GetValue("by"));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_client_that_another_authority_signed_is_not_let_in()
    {
        var certificates = new TestCertificates();
        await using var server = await StartTlsAsync(certificates);
        using var channel = TlsChannel(certificates, server.Address, new TestCertificates().Issue("migration:controllers"));
        var failure = await Assert.ThrowsAsync<RpcException>(() => new TestService.TestServiceClient(channel).EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_server_that_another_authority_signed_is_not_believed()
    {
        await using var server = await StartTlsAsync(new TestCertificates());
        var mine = new TestCertificates();
        using var channel = TlsChannel(mine, server.Address, mine.Issue("migration:controllers"));
        var failure = await Assert.ThrowsAsync<RpcException>(() => new TestService.TestServiceClient(channel).EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact(Timeout = 30_000)]
    public async Task Keep_alive_pings_find_a_peer_that_has_fallen_silent()
    {
        await using var silent = SilentPeer.Start();
        using var channel = GrpcChannel.ForAddress(silent.Address, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                KeepAlivePingDelay = TimeSpan.FromSeconds(1),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
                KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            },
        });
        var failure = await Assert.ThrowsAsync<RpcException>(() => new TestService.TestServiceClient(channel).EmptyCallAsync(new Empty()).ResponseAsync);
        Assert.True(failure.StatusCode == StatusCode.Unavailable, failure.ToString());
    }

    private static Task<LocalServer> StartTlsAsync(TestCertificates certificates)
    {
        var service = new ScriptedService
        {
            OnEmpty = (request, context) =>
            {
                Assert.True(context.AuthContext.IsPeerAuthenticated);
                Assert.NotNull(context.GetHttpContext().Connection.ClientCertificate);
                context.ResponseTrailers.Add("by", context.AuthContext.FindPropertiesByName("x509_common_name").Single().Value);
                return Task.FromResult(request);
            },
        };
        return LocalServer.StartAsync(service, kestrel: kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = certificates.Issue("migration:node:a"),
                ClientCertificateMode = ClientCertificateMode.RequireCertificate,
                ClientCertificateValidation = (certificate, _, _) => certificates.Signed(certificate),
            });
        }));
    }

    private static GrpcChannel TlsChannel(TestCertificates certificates, Uri address, X509Certificate2 own) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [own],
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    certificates.Signed(certificate) && ((X509Certificate2)certificate!).GetNameInfo(X509NameType.SimpleName, false) == "migration:node:a",
            },
        },
    });
}
