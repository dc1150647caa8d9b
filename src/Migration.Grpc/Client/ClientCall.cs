using System.Buffers;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>
/// One call: the HTTP/2 exchange, and the one outcome it comes to. Whatever happens first (the trailers, a refusal, a broken
/// connection, the deadline, the caller's token, disposal) decides; everything still under way is then torn down.
/// </summary>
internal sealed class ClientCall : IDisposable
{
    // The longest that a timer takes, well below; a later deadline is looked at again then.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(24);

    private readonly GrpcChannel _channel;
    private readonly IMethod _method;
    private readonly CallOptions _options;
    private readonly HttpRequestMessage _request;
    private readonly ReceivedMessage _received = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Protects _outcome and _response: an outcome disposes the response that is there, and there is none after it.
    private readonly Lock _gate = new();
    private Outcome? _outcome;
    private HttpResponseMessage? _response;

    private Task _exchange = Task.CompletedTask;
    private ResponseFrames? _frames;
    private int _messages;
    private bool _compressRequests;
    private ITimer? _deadline;
    private CancellationTokenRegistration _callerToken;
    private CancellationTokenRegistration _channelToken;

    public ClientCall(GrpcChannel channel, IMethod method, string? host, CallOptions options)
    {
        _channel = channel;
        _method = method;
        _options = options;
        _request = new HttpRequestMessage(HttpMethod.Post, channel.AddressOf(method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (host is not null) _request.Headers.Host = host;
    }

    public Task<Metadata> ResponseHeaders => _headers.Task;

    /// <summary>Completes, never failing, when the call has come to its outcome.</summary>
    public Task Finished => _finished.Task;

    /// <summary>Cancelled when the call has come to its outcome.</summary>
    public CancellationToken Stopped => _stop.Token;

    private bool WantsOneMessage => _method.Type is MethodType.Unary or MethodType.ClientStreaming;

    /// <summary>Begins a call that sends one message.</summary>
    public void Start<T>(T message, Action<T, SerializationContext> serializer)
    {
        AddHeaders(_options.Headers);
        var frame = new FrameWriter();
        try
        {
            Write(frame, message, serializer, _options.WriteOptions);
        }
        catch (Exception e)
        {
            frame.Release();
            Finish(ClientStatus.Of(e, IsLate()));
            return;
        }
        Start(new OneMessageContent(frame));
    }

    /// <summary>Begins a call that sends many.</summary>
    public void Start(ManyMessagesContent content)
    {
        AddHeaders(_options.Headers);
        Start((HttpContent)content);
    }

    /// <summary>Waits for a response message. Null: there are no more, and the call succeeded.</summary>
    /// <exception cref="RpcException">It did not succeed.</exception>
    public async Task<T?> ReadMessageAsync<T>(Func<DeserializationContext, T> deserializer)
        where T : class
    {
        await _exchange;
        if (!_finished.Task.IsCompleted)
        {
            try
            {
                using var frame = await _frames!.ReadAsync(_stop.Token);
                if (frame.IsMessage) return Accept(frame, deserializer);
                FinishAtEnd();
            }
            catch (Exception e)
            {
                Finish(ClientStatus.Of(e, IsLate()));
            }
        }
        return GetStatus().StatusCode == StatusCode.OK ? null : throw Failure();
    }

    /// <summary>Waits for the only response message and the end of the call.</summary>
    public async Task<T> ReadOnlyMessageAsync<T>(Func<DeserializationContext, T> deserializer)
        where T : class
    {
        var message = await ReadMessageAsync(deserializer);
        while (await ReadMessageAsync(deserializer) is not null)
        {
        }
        return message!;
    }

    public void Write<T>(FrameWriter frame, T message, Action<T, SerializationContext> serializer, WriteOptions? options)
    {
        frame.Write(message, serializer, _channel.MaxSendMessageSize);
        if (!_compressRequests || frame.Message.IsEmpty || options?.Flags.HasFlag(WriteFlags.NoCompress) == true) return;
        Compress(frame);
    }

    public Status GetStatus() => Known().Status;

    public Metadata GetTrailers() => Known().Trailers;

    /// <summary>How a call that did not succeed is told to the caller.</summary>
    public Exception Failure()
    {
        var (status, trailers) = Known();
        var failure = new RpcException(status, trailers);
        var cancelled = status.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded;
        return cancelled && _channel.ThrowOperationCanceledOnCancellation
            ? new OperationCanceledException(failure.Message, failure, _options.CancellationToken)
            : failure;
    }

    /// <summary>Ends the call from our side.</summary>
    public void Cancel() => Finish(new Status(StatusCode.Cancelled, "The call was cancelled by the client."));

    public void Dispose() => Cancel();

    /// <summary>The status for something that went wrong below us.</summary>
    public Status StatusOf(Exception cause) => ClientStatus.Of(cause, IsLate());

    private void Start(HttpContent content)
    {
        content.Headers.TryAddWithoutValidation("Content-Type", HeaderNames.ContentType);
        _request.Content = content;
        _callerToken = _options.CancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), this);
        _channelToken = _channel.Disposed.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), this);
        ArmDeadline();
        if (!_finished.Task.IsCompleted) _exchange = ExchangeAsync();
        else Unhook();
    }

    private async Task ExchangeAsync()
    {
        try
        {
            await AddCredentialsAsync();
            var response = await _channel.SendAsync(_request, _stop.Token);
            if (!Keep(response)) return;
            if (ResponseHead.Refusal(response) is { } refusal)
            {
                Finish(refusal, ResponseHead.Metadata(response.Headers));
                return;
            }
            var body = await response.Content.ReadAsStreamAsync(_stop.Token);
            _frames = new ResponseFrames(body, ResponseHead.Encoding(response), _channel.MaxReceiveMessageSize);
            _headers.TrySetResult(ResponseHead.Metadata(response.Headers));
        }
        catch (Exception e)
        {
            Finish(ClientStatus.Of(e, IsLate()));
        }
    }

    private T Accept<T>(ResponseFrame frame, Func<DeserializationContext, T> deserializer)
    {
        if (WantsOneMessage && _messages == 1) throw new RpcException(new Status(StatusCode.Unimplemented, "More than one response message was received."));
        _messages++;
        try
        {
            return _received.Read(new ReadOnlySequence<byte>(frame.Message), deserializer);
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"The response message of {_method.FullName} could not be read: {e.Message}", e));
        }
    }

    private void FinishAtEnd()
    {
        var trailers = _response!.TrailingHeaders;
        var status = ResponseHead.Status(trailers) ?? new Status(StatusCode.Unknown, "The response ended without a grpc-status.");
        if (status.StatusCode == StatusCode.OK && WantsOneMessage && _messages == 0)
        {
            status = new Status(StatusCode.Unimplemented, "The call succeeded without a response message.");
        }
        Finish(status, ResponseHead.Metadata(trailers));
    }

    private bool Keep(HttpResponseMessage response)
    {
        lock (_gate)
        {
            _response = response;
            if (_outcome is null) return true;
        }
        response.Dispose();
        return false;
    }

    private void Finish(Status status, Metadata? trailers = null)
    {
        HttpResponseMessage? response;
        lock (_gate)
        {
            if (_outcome is not null) return;
            _outcome = new Outcome(status, trailers ?? []);
            response = _response;
        }
        _finished.TrySetResult();
        FinishHeaders(status);
        _stop.Cancel();
        response?.Dispose();
        _request.Dispose();
        Unhook();
    }

    private void FinishHeaders(Status status)
    {
        if (status.StatusCode == StatusCode.OK) _headers.TrySetResult([]);
        // Looking at the exception says that it was seen: not every caller asks for the headers.
        else if (_headers.TrySetException(Failure())) _ = _headers.Task.Exception;
    }

    // Not Dispose: that would wait for a callback which may be waiting for us.
    private void Unhook()
    {
        _callerToken.Unregister();
        _channelToken.Unregister();
        _deadline?.Dispose();
    }

    private Outcome Known()
    {
        lock (_gate)
        {
            return _outcome ?? throw new InvalidOperationException($"{_method.FullName} has not ended yet.");
        }
    }

    private void AddHeaders(Metadata? metadata)
    {
        var headers = _request.Headers;
        headers.TryAddWithoutValidation("TE", "trailers");
        headers.TryAddWithoutValidation(HeaderNames.AcceptEncoding, Gzip.Accepted);
        foreach (var entry in metadata ?? Metadata.Empty)
        {
            if (entry.Key == HeaderNames.RequestEncodingWish) UseEncoding(entry.Value);
            else Add(headers, entry);
        }
        if (!headers.NonValidated.Contains("User-Agent")) headers.TryAddWithoutValidation("User-Agent", "grpc-migration/1.0");
    }

    private static void Add(HttpRequestHeaders headers, Metadata.Entry entry)
    {
        if (HeaderNames.IsReserved(entry.Key)) return;
        headers.TryAddWithoutValidation(entry.Key, entry.IsBinary ? BinaryHeader.Encode(entry.Bytes) : entry.Value);
    }

    private void UseEncoding(string encoding)
    {
        if (encoding == Gzip.Identity) return;
        if (encoding != Gzip.Name || !Gzip.IsSupported) throw new NotSupportedException($"Messages cannot be sent in encoding '{encoding}'.");
        _compressRequests = true;
        _request.Headers.TryAddWithoutValidation(HeaderNames.Encoding, encoding);
    }

    private static void Compress(FrameWriter frame)
    {
        if (!Gzip.IsSupported) return;
        var plain = frame.Message.ToArray();
        Gzip.Compress(plain, frame, CompressionLevel.Fastest);
    }

    private async Task AddCredentialsAsync()
    {
        if (_options.Credentials is not { } credentials) return;
        var address = _request.RequestUri!;
        var service = address.GetLeftPart(UriPartial.Authority) + "/" + _method.ServiceName;
        var metadata = new Metadata();
        await credentials.AddToAsync(new AuthInterceptorContext(service, _method.Name, _stop.Token), metadata);
        foreach (var entry in metadata)
        {
            Add(_request.Headers, entry);
        }
    }

    private bool IsLate() => Left() <= TimeSpan.Zero;

    private TimeSpan? Left() =>
        _options.Deadline is { } deadline && deadline != DateTime.MaxValue ? deadline.ToUniversalTime() - TimeProvider.System.GetUtcNow().UtcDateTime : null;

    private void ArmDeadline()
    {
        if (Left() is not { } left) return;
        if (left <= TimeSpan.Zero)
        {
            FinishLate();
            return;
        }
        _request.Headers.TryAddWithoutValidation(HeaderNames.Timeout, TimeoutHeader.Encode(left));
        _deadline = TimeProvider.System.CreateTimer(static call => ((ClientCall)call!).LookAtDeadline(), this, Wait(left), Timeout.InfiniteTimeSpan);
    }

    private void LookAtDeadline()
    {
        // A timer may come a little early; the clock decides.
        if (Left() is { Ticks: > 0 } left) _deadline?.Change(Wait(left), Timeout.InfiniteTimeSpan);
        else FinishLate();
    }

    private static TimeSpan Wait(TimeSpan left) => left < LongestWait ? left + TimeSpan.FromMilliseconds(1) : LongestWait;

    private void FinishLate() => Finish(new Status(StatusCode.DeadlineExceeded, $"{_method.FullName} did not end before its deadline."));

    private sealed record Outcome(Status Status, Metadata Trailers);
}
