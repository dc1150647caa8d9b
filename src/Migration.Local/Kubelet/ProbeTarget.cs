using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Migration.Kubernetes;
using Migration.Linux;

namespace Migration.Local.Kubelet;

/// <summary>A pod as its node asks it: at its address, from the node's own network namespace, as a kubelet does.</summary>
internal sealed class ProbeTarget(string address, string nodeNamespace, TimeProvider time)
{
    private const int OutputShown = 200;

    /// <summary>Null if all is well, else what went wrong. Takes no longer than the probe allows.</summary>
    public async Task<string?> CheckAsync(RunningContainer run, Probe probe, CancellationToken ct)
    {
        var patience = TimeSpan.FromSeconds(probe.TimeoutSeconds ?? 1);
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            return probe switch
            {
                { Exec.Command: { Count: > 0 } command } => await ExecuteAsync(run, command, either.Token),
                { HttpGet: { } get } => await GetAsync(run.Container, get, either.Token),
                { TcpSocket: { } tcp } => await ConnectAsync(tcp.Host ?? address, PortOf(run.Container, tcp.Port), either.Token),
                _ => "only exec, httpGet and tcpSocket are known",
            };
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"no answer within {patience.TotalSeconds:0} s";
        }
        catch (Exception failed) when (failed is HttpRequestException or SocketException or LinuxException or IOException or FormatException)
        {
            return failed.Message;
        }
    }

    public static async Task<string?> ExecuteAsync(RunningContainer run, IReadOnlyList<string> command, CancellationToken ct)
    {
        using var process = await run.ExecuteAsync(command, terminal: false, ct);
        if (process is null)
            return "the container has ended";
        try
        {
            await process.Input.DisposeAsync();
            using var said = new MemoryStream();
            await Task.WhenAll(process.Output.CopyToAsync(said, ct), process.Errors!.CopyToAsync(Stream.Null, ct));
            var code = await process.WaitAsync(ct);
            return code == 0 ? null : $"exit code {code}: {Shown(said)}";
        }
        finally
        {
            process.Kill();
        }
    }

    /// <summary>Every answer below 400 is a good one.</summary>
    public async Task<string?> GetAsync(Container container, HttpGetAction get, CancellationToken ct)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, ConnectCallback = DialAsync };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        using var http = new HttpClient(handler);
        var host = get.Host ?? address;
        var url = $"{(get.Scheme ?? "HTTP").ToLowerInvariant()}://{(host.Contains(':') ? $"[{host}]" : host)}:{PortOf(container, get.Port)}/{(get.Path ?? "/").TrimStart('/')}";
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url));
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.32");
        foreach (var header in get.HttpHeaders ?? [])
            request.Headers.TryAddWithoutValidation(header.Name ?? "", header.Value);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        return (int)answer.StatusCode is >= 200 and < 400 ? null : $"HTTP probe failed with statuscode: {(int)answer.StatusCode}";
    }

    public static int PortOf(Container container, JsonElement? port) => port switch
    {
        { ValueKind: JsonValueKind.Number } number => number.GetInt32(),
        { ValueKind: JsonValueKind.String } text when int.TryParse(text.GetString(), CultureInfo.InvariantCulture, out var number) => number,
        { ValueKind: JsonValueKind.String } text => container.Ports?.FirstOrDefault(candidate => candidate.Name == text.GetString())?.Port
            ?? throw new FormatException($"container {container.Name} has no port \"{text.GetString()}\""),
        _ => throw new FormatException("the probe names no port"),
    };

    private async Task<string?> ConnectAsync(string host, int port, CancellationToken ct)
    {
        await using var stream = await DialAsync(new DnsEndPoint(host, port), ct);
        return null;
    }

    private ValueTask<Stream> DialAsync(SocketsHttpConnectionContext context, CancellationToken ct) => DialAsync(context.DnsEndPoint, ct);

    private async ValueTask<Stream> DialAsync(DnsEndPoint target, CancellationToken ct)
    {
        if (!IPAddress.TryParse(target.Host, out var to))
            throw new FormatException($"host {target.Host}: an address is needed");
        using var space = NetworkNamespace.Open(nodeNamespace);
        var socket = space.Run(() => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(new IPEndPoint(to, target.Port), ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Shown(MemoryStream said) => System.Text.Encoding.UTF8.GetString(said.GetBuffer(), 0, (int)Math.Min(OutputShown, said.Length)).Trim();
}
