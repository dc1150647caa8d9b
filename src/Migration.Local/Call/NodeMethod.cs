using System.Runtime.CompilerServices;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Migration.Protos;

namespace Migration.Local.Call;

/// <summary>A method of the node's contract, known by its descriptor alone.</summary>
internal sealed class NodeMethod(MethodDescriptor descriptor)
{
    private static readonly FileDescriptor[] Contract = [NetworksReflection.Descriptor, MachinesReflection.Descriptor, MigrationsReflection.Descriptor, NodeReflection.Descriptor];

    /// <summary>For people: without the package.</summary>
    public string Name => $"{descriptor.Service.Name}/{descriptor.Name}";

    public string RequestType => descriptor.InputType.Name;

    public string ResponseType => descriptor.OutputType.Name;

    public bool IsStream => descriptor.IsServerStreaming;

    public static IEnumerable<NodeMethod> All() => Contract.SelectMany(file => file.Services).SelectMany(service => service.Methods).Select(method => new NodeMethod(method));

    public static NodeMethod? Find(string name) => All().FirstOrDefault(method => name == method.Name || name == $"{method.Service}/{method.Method}");

    /// <exception cref="InvalidProtocolBufferException">It is no such request.</exception>
    public IMessage Parse(string json) => JsonParser.Default.Parse(json, descriptor.InputType);

    /// <summary>The answer, or every answer of a stream.</summary>
    public async IAsyncEnumerable<IMessage> Call(CallInvoker node, IMessage request, TimeSpan limit, [EnumeratorCancellation] CancellationToken ct)
    {
        var type = IsStream ? MethodType.ServerStreaming : MethodType.Unary;
        var method = new Method<IMessage, IMessage>(type, Service, Method, Marshal(descriptor.InputType), Marshal(descriptor.OutputType));
        if (!IsStream)
        {
            using var call = node.AsyncUnaryCall(method, null, new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime + limit, cancellationToken: ct), request);
            yield return await call.ResponseAsync;
            yield break;
        }

        using var stream = node.AsyncServerStreamingCall(method, null, new CallOptions(cancellationToken: ct), request);
        while (await stream.ResponseStream.MoveNext(ct))
            yield return stream.ResponseStream.Current;
    }

    private string Service => descriptor.Service.FullName;

    private string Method => descriptor.Name;

    private static Marshaller<IMessage> Marshal(MessageDescriptor type) => Marshallers.Create(message => message.ToByteArray(), type.Parser.ParseFrom);
}
