using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection;
using Grpc.Reflection.V1;

namespace Migration.Grpc.Tests;

public sealed class ReflectionTests
{
    [Fact(Timeout = 20_000)]
    public async Task Services_are_listed()
    {
        var answer = await AskAsync(new ServerReflectionRequest { ListServices = "*" });
        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "migration.node.v1.Machines"],
            answer.ListServicesResponse.Service.Select(service => service.Name));
    }

    [Theory(Timeout = 20_000)]
    [InlineData("migration.node.v1.Machines", "migration/node/v1/machines.proto")]
    [InlineData("migration.node.v1.Machines.EnsureMachine", "migration/node/v1/machines.proto")]
    [InlineData("grpc.health.v1.HealthCheckResponse", "grpc/health/v1/health.proto")]
    [InlineData("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto")]
    [InlineData("google.protobuf.Duration", "google/protobuf/duration.proto")]
    public async Task A_symbol_is_told_with_its_file_and_all_that_it_imports(string symbol, string file)
    {
        var answer = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = symbol });
        var files = FileDescriptor.BuildFromByteStrings(answer.FileDescriptorResponse.FileDescriptorProto.Reverse());
        Assert.Equal(file, files[^1].Name);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_file_is_told_by_its_name()
    {
        var answer = await AskAsync(new ServerReflectionRequest { FileByFilename = "grpc/health/v1/health.proto" });
        Assert.Single(answer.FileDescriptorResponse.FileDescriptorProto);
    }

    [Fact(Timeout = 20_000)]
    public async Task What_is_not_there_is_an_answer_and_not_the_end()
    {
        await using var server = await StartAsync();
        using var call = new ServerReflection.ServerReflectionClient(server.Channel).ServerReflectionInfo();
        ServerReflectionRequest[] requests =
        [
            new() { FileByFilename = "none.proto" },
            new() { FileContainingSymbol = "none.None" },
            new() { FileContainingExtension = new ExtensionRequest { ContainingType = "none.None", ExtensionNumber = 1 } },
            new() { AllExtensionNumbersOfType = "none.None" },
        ];
        foreach (var request in requests)
        {
            await call.RequestStream.WriteAsync(request);
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal((int)StatusCode.NotFound, call.ResponseStream.Current.ErrorResponse.ErrorCode);
            Assert.Equal(request, call.ResponseStream.Current.OriginalRequest);
        }
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    private static async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request)
    {
        await using var server = await StartAsync();
        using var call = new ServerReflection.ServerReflectionClient(server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(request);
        Assert.True(await call.ResponseStream.MoveNext());
        return call.ResponseStream.Current;
    }

    private static Task<LocalServer> StartAsync() => LocalServer.StartAsync(new ReflectionServiceImpl(Health.Descriptor, Protos.Machines.Descriptor));
}
