using Migration.Linux;

namespace Migration.Netlink;

/// <summary>The kernel refused a request, or its answer could not be understood.</summary>
/// <param name="operation">What was asked, with its object: <c>add route 10.0.0.7/32 dev 3</c>.</param>
/// <param name="errno">The kernel's error number; EBADMSG for an answer that makes no sense.</param>
/// <param name="kernelMessage">The kernel's own words (extended acknowledgement), where it had any.</param>
/// <param name="offset">Where in the request the offending attribute stands, if the kernel said so.</param>
public sealed class NetlinkException(string operation, Errno errno, string? kernelMessage = null, int? offset = null)
    : IOException(Describe(operation, errno, kernelMessage, offset))
{
    public string Operation { get; } = operation;

    public Errno Errno { get; } = errno;

    public string? KernelMessage { get; } = kernelMessage;

    public int? Offset { get; } = offset;

    private static string Describe(string operation, Errno errno, string? kernelMessage, int? offset)
    {
        var where = offset is { } position ? $" at byte {position} of the request" : "";
        var words = kernelMessage is null ? "" : $": {kernelMessage.TrimEnd('.')}";
        return $"{operation}: {LinuxException.Describe(errno)}{words}{where}";
    }
}
