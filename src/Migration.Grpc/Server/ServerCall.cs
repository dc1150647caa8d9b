using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Grpc.AspNetCore.Server;

/// <summary>One call: reads the request, runs the method, writes the response and how it ended.</summary>
internal sealed class ServerCall : ServerCallContext
{
    private readonly string _method;
    private readonly GrpcServiceOptions _options;
    private readonly ILogger _logger;
    private readonly RequestFrames _requests;
    private readonly FrameWriter _frame = new();
    private readonly Metadata _trailers = [];

    private CancellationTokenSource? _deadlineSource;
    private CancellationToken _cancellation;
    private DateTime _deadline = DateTime.MaxValue;
    private Metadata? _requestHeaders;
    private AuthContext? _authContext;
    private Dictionary<object, object>? _userState;
    private bool _compressResponses;
    private bool _wroteMessage;

    public ServerCall(HttpContext http, string method, GrpcServiceOptions options, ILogger logger)
    {
        Http = http;
        _method = method;
        _options = options;
        _logger = logger;
        _cancellation = http.RequestAborted;
        _requests = new RequestFrames(http.Request.BodyReader, http.Request.Headers[HeaderNames.Encoding], options.MaxReceiveMessageSize);
    }

    public HttpContext Http { get; }

    protected override string MethodCore => _method;

    protected override string HostCore => Http.Request.Host.Value ?? "";

    protected override string PeerCore => PeerOf(Http);

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= ReadRequestHeaders();

    protected override CancellationToken CancellationTokenCore => _cancellation;

    protected override Metadata ResponseTrailersCore => _trailers;

    protected override Status StatusCore { get; set; } = Status.DefaultSuccess;

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => _authContext ??= PeerCertificate.Describe(Http.Connection.ClientCertificate);

    protected override IDictionary<object, object> UserStateCore => _userState ??= [];

    /// <summary>Runs a call from its first byte to its last.</summary>
    public async Task RunAsync(Func<ServerCall, Task> handler)
    {
        if (!IsCall()) return;
        Status status;
        try
        {
            Begin();
            await handler(this);
            status = Status;
        }
        catch (Exception e)
        {
            status = StatusOf(e);
        }
        finally
        {
            _frame.Release();
            _deadlineSource?.Dispose();
        }
        await EndAsync(status);
    }

    /// <summary>Waits for a message. Null: the client has sent all of its messages.</summary>
    public ValueTask<T?> ReadMessageAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken ct)
        where T : class => _requests.ReadAsync(deserializer, ct);

    /// <summary>Waits for the only message of a request.</summary>
    public async ValueTask<T> ReadOnlyMessageAsync<T>(Func<DeserializationContext, T> deserializer)
        where T : class
    {
        var message = await ReadMessageAsync(deserializer, _cancellation)
            ?? throw new RpcException(new Status(StatusCode.Unimplemented, $"{_method} takes one message; none came."));
        if (!await _requests.IsAtEndAsync(_cancellation))
        {
            throw new RpcException(new Status(StatusCode.Unimplemented, $"{_method} takes one message; more bytes follow it."));
        }
        return message;
    }

    /// <summary>Writes a message; it leaves with the next flush or the end of the call.</summary>
    public void WriteMessage<T>(T message, Action<T, SerializationContext> serializer, WriteOptions? options)
    {
        if (message is null) throw new RpcException(new Status(StatusCode.Cancelled, "The method returned no message."));
        _frame.Write(message, serializer, _options.MaxSendMessageSize);
        if (_compressResponses && !_frame.Message.IsEmpty && (options ?? WriteOptions)?.Flags.HasFlag(WriteFlags.NoCompress) != true)
        {
            Gzip.Compress(_frame.Message.ToArray(), _frame, _options.ResponseCompressionLevel ?? CompressionLevel.Fastest);
        }
        PrepareHeaders();
        _wroteMessage = true;
        Http.Response.BodyWriter.Write(_frame.Frame.Span);
    }

    public async Task FlushAsync(CancellationToken ct)
    {
        var flushed = await Http.Response.BodyWriter.FlushAsync(ct);
        if (flushed.IsCompleted || flushed.IsCanceled) throw new OperationCanceledException("The client has ended the call.");
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        if (_wroteMessage || Http.Response.HasStarted) throw new InvalidOperationException($"{_method}: the response headers have been sent.");
        PrepareHeaders();
        foreach (var entry in responseHeaders)
        {
            AddTo(Http.Response.Headers, entry);
        }
        return Http.Response.BodyWriter.FlushAsync(_cancellation).AsTask();
    }

    private bool IsCall()
    {
        int? refusal = Http.Request switch
        {
            { Protocol: not ("HTTP/2" or "HTTP/3") } => StatusCodes.Status426UpgradeRequired,
            { Method: not "POST" } => StatusCodes.Status405MethodNotAllowed,
            { ContentType: var type } when !HeaderNames.IsGrpc(type) => StatusCodes.Status415UnsupportedMediaType,
            _ => null,
        };
        if (refusal is null) return true;
        Http.Response.StatusCode = refusal.Value;
        return false;
    }

    private void Begin()
    {
        LiftLimits();
        ReadDeadline();
        RefuseUnknownEncoding();
        _compressResponses = _options.ResponseCompressionAlgorithm == Gzip.Name
            && Http.Request.Headers[HeaderNames.AcceptEncoding].ToString().Split(',', StringSplitOptions.TrimEntries).Contains(Gzip.Name);
    }

    // Messages have a limit of their own, and a stream may be silent for days.
    private void LiftLimits()
    {
        if (Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (Http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }

    private void ReadDeadline()
    {
        string? header = Http.Request.Headers[HeaderNames.Timeout];
        if (header is null) return;
        if (!TimeoutHeader.TryDecode(header, out var left))
        {
            throw new RpcException(new Status(StatusCode.Internal, $"grpc-timeout '{header}' is not at most eight digits and one of H, M, S, m, u, n."));
        }
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        // A wait that no timer can hold is as good as none.
        if (left > TimeSpan.FromDays(24)) return;
        _deadline = now + left;
        _deadlineSource = CancellationTokenSource.CreateLinkedTokenSource(Http.RequestAborted);
        _deadlineSource.CancelAfter(left);
        _cancellation = _deadlineSource.Token;
    }

    private void RefuseUnknownEncoding()
    {
        string? encoding = Http.Request.Headers[HeaderNames.Encoding];
        if (encoding is null or Gzip.Identity or Gzip.Name) return;
        Http.Response.Headers[HeaderNames.AcceptEncoding] = Gzip.Accepted;
        throw new RpcException(new Status(StatusCode.Unimplemented, $"Messages in encoding '{encoding}' are not understood; these are: {Gzip.Accepted}."));
    }

    private void PrepareHeaders()
    {
        if (_wroteMessage || Http.Response.HasStarted) return;
        Http.Response.ContentType = HeaderNames.ContentType;
        Http.Response.Headers[HeaderNames.AcceptEncoding] = Gzip.Accepted;
        if (_compressResponses) Http.Response.Headers[HeaderNames.Encoding] = Gzip.Name;
    }

    private Status StatusOf(Exception cause)
    {
        switch (cause)
        {
            case RpcException rpc:
                foreach (var entry in rpc.Trailers)
                {
                    _trailers.Add(entry);
                }
                Log.Refused(_logger, _method, rpc.StatusCode, rpc.Status.Detail);
                return rpc.Status;
            // The transport may say so to a reader before it cancels the token.
            case OperationCanceledException or IOException when Http.RequestAborted.IsCancellationRequested || _requests.IsBroken:
                Log.ClientGone(_logger, _method);
                return new Status(StatusCode.Cancelled, "The client has ended the call.");
            case OperationCanceledException when _cancellation.IsCancellationRequested:
                Log.Late(_logger, _method);
                return new Status(StatusCode.DeadlineExceeded, "The deadline passed.");
            default:
                Log.Failed(_logger, _method, cause);
                return new Status(StatusCode.Unknown, _options.EnableDetailedErrors == true
                    ? $"{_method} failed: {cause.GetType().Name}: {cause.Message}"
                    : $"{_method} failed.");
        }
    }

    private async Task EndAsync(Status status)
    {
        if (Http.RequestAborted.IsCancellationRequested || _requests.IsBroken) return;
        var response = Http.Response;
        // A call that fails before anything was sent ends with its headers ("Trailers-Only").
        var headersOnly = !_wroteMessage && !response.HasStarted && status.StatusCode != StatusCode.OK;
        PrepareHeaders();
        var trailers = headersOnly ? response.Headers : Http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        foreach (var entry in _trailers)
        {
            AddTo(trailers, entry);
        }
        trailers[HeaderNames.Status] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (!string.IsNullOrEmpty(status.Detail)) trailers[HeaderNames.Message] = MessageHeader.Encode(status.Detail);
        await response.CompleteAsync();
    }

    private static void AddTo(IHeaderDictionary headers, Metadata.Entry entry)
    {
        if (HeaderNames.IsReserved(entry.Key)) return;
        // Not Append: that drops empty values.
        headers[entry.Key] = StringValues.Concat(headers[entry.Key], entry.IsBinary ? BinaryHeader.Encode(entry.Bytes) : entry.Value);
    }

    private Metadata ReadRequestHeaders()
    {
        var metadata = new Metadata();
        foreach (var (name, values) in Http.Request.Headers)
        {
            foreach (var value in values)
            {
                MetadataReader.AddHeader(metadata, name, value ?? "");
            }
        }
        return metadata;
    }

    private static string PeerOf(HttpContext http) => http.Connection.RemoteIpAddress switch
    {
        null => "unix:",
        { AddressFamily: AddressFamily.InterNetwork } address => $"ipv4:{address}:{http.Connection.RemotePort}",
        var address => $"ipv6:[{address}]:{http.Connection.RemotePort}",
    };
}
