using System.Reflection;
using Grpc.Core;
using Migration.Node.Machines;
using Migration.Node.Networks;
using Migration.Protos;
using Wire = Migration.Protos;

namespace Migration.Node;

/// <summary>The contract's Node service.</summary>
internal sealed class NodeService(NodeOptions options, HostProbe probe, Wirings wirings) : Wire.Node.NodeBase
{
    public override async Task<GetNodeResponse> GetNode(GetNodeRequest request, ServerCallContext context)
    {
        var capabilities = await probe.AskAsync(context.CancellationToken);
        var response = new GetNodeResponse
        {
            Name = options.Name,
            Version = typeof(NodeService).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            QemuVersion = capabilities.QemuVersion,
            Wiring = (Wire.Wiring)wirings.Chosen,
            ControlEndpoint = options.Listen?.ToString() ?? "",
            DataEndpoint = options.DataListen?.ToString() ?? "",
        };
        response.Accelerators.AddRange(capabilities.Accelerators.Select(accelerator => (Wire.Accelerator)accelerator));
        response.MachineTypes.AddRange(capabilities.MachineTypes);
        response.CpuModels.AddRange(capabilities.CpuModels);
        return response;
    }
}
