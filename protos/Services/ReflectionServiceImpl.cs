using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace Grpc.Reflection;

/// <summary>Tells clients such as grpcurl what a server offers, from the descriptors of generated code.</summary>
public class ReflectionServiceImpl : ServerReflection.ServerReflectionBase
{
    private readonly List<string> _services;
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<int, FileDescriptor>> _extensions = new(StringComparer.Ordinal);

    public ReflectionServiceImpl(params ServiceDescriptor[] services)
        : this((IEnumerable<ServiceDescriptor>)services)
    {
    }

    public ReflectionServiceImpl(IEnumerable<ServiceDescriptor> services)
    {
        var offered = services.Append(ServerReflection.Descriptor).Distinct().ToList();
        _services = [.. offered.Select(service => service.FullName).Order(StringComparer.Ordinal)];
        foreach (var service in offered)
        {
            Add(service.File);
        }
    }

    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream,
        IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(Answer(request), context.CancellationToken);
        }
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = new ListServiceResponse();
                response.ListServicesResponse.Service.AddRange(_services.Select(name => new ServiceResponse { Name = name }));
                return response;
            case ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                return AnswerFile(response, _files.GetValueOrDefault(request.FileByFilename), $"file '{request.FileByFilename}'");
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                return AnswerFile(response, _symbols.GetValueOrDefault(request.FileContainingSymbol), $"symbol '{request.FileContainingSymbol}'");
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension:
                return AnswerExtension(response, request.FileContainingExtension);
            case ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType:
                return AnswerNumbers(response, request.AllExtensionNumbersOfType);
            default:
                return Refuse(response, StatusCode.Unimplemented, "The request asks for nothing that is known here.");
        }
    }

    private ServerReflectionResponse AnswerExtension(ServerReflectionResponse response, ExtensionRequest asked)
    {
        var file = _extensions.GetValueOrDefault(asked.ContainingType)?.GetValueOrDefault(asked.ExtensionNumber);
        return AnswerFile(response, file, $"extension {asked.ExtensionNumber} of '{asked.ContainingType}'");
    }

    private ServerReflectionResponse AnswerNumbers(ServerReflectionResponse response, string type)
    {
        if (!_symbols.ContainsKey(type)) return Refuse(response, StatusCode.NotFound, $"There is no type '{type}'.");
        response.AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = type };
        if (_extensions.TryGetValue(type, out var numbers)) response.AllExtensionNumbersResponse.ExtensionNumber.AddRange(numbers.Keys);
        return response;
    }

    private static ServerReflectionResponse AnswerFile(ServerReflectionResponse response, FileDescriptor? file, string what)
    {
        if (file is null) return Refuse(response, StatusCode.NotFound, $"There is no {what}.");
        response.FileDescriptorResponse = new FileDescriptorResponse();
        response.FileDescriptorResponse.FileDescriptorProto.AddRange(WithImports(file, []).Reverse().Select(part => part.SerializedData));
        return response;
    }

    private static ServerReflectionResponse Refuse(ServerReflectionResponse response, StatusCode code, string message)
    {
        response.ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = message };
        return response;
    }

    // Imports before importers.
    private static IEnumerable<FileDescriptor> WithImports(FileDescriptor file, HashSet<string> told) =>
        told.Add(file.Name) ? file.Dependencies.SelectMany(import => WithImports(import, told)).Append(file) : [];

    private void Add(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file)) return;
        foreach (var import in file.Dependencies)
        {
            Add(import);
        }
        foreach (var service in file.Services)
        {
            AddSymbols(file, service.Methods.Append<IDescriptor>(service));
        }
        foreach (var message in file.MessageTypes)
        {
            Add(file, message);
        }
        AddEnums(file, file.EnumTypes);
        AddExtensions(file, file.Extensions);
    }

    private void Add(FileDescriptor file, MessageDescriptor message)
    {
        AddSymbols(file, message.Fields.InDeclarationOrder().Append<IDescriptor>(message).Concat(message.Oneofs));
        AddEnums(file, message.EnumTypes);
        AddExtensions(file, message.Extensions);
        foreach (var nested in message.NestedTypes)
        {
            Add(file, nested);
        }
    }

    private void AddEnums(FileDescriptor file, IEnumerable<EnumDescriptor> types)
    {
        foreach (var type in types)
        {
            AddSymbols(file, type.Values.Append<IDescriptor>(type));
        }
    }

    private void AddExtensions(FileDescriptor file, ExtensionCollection extensions)
    {
        foreach (var extension in extensions.UnorderedExtensions)
        {
            var type = extension.ExtendeeType.FullName;
            if (!_extensions.TryGetValue(type, out var numbers)) _extensions[type] = numbers = [];
            numbers[extension.FieldNumber] = file;
            AddSymbols(file, [extension]);
        }
    }

    private void AddSymbols(FileDescriptor file, IEnumerable<IDescriptor> symbols)
    {
        foreach (var symbol in symbols)
        {
            _symbols.TryAdd(symbol.FullName, file);
        }
    }
}
