using System.Security.Cryptography;
using System.Text;

namespace Migration.Node.Networks;

/// <summary>What CNI calls an attachment: one interface of one container in one network.</summary>
internal sealed record AttachmentKey(string Network, string ContainerId, string InterfaceName)
{
    /// <summary>A file name for it: callers may use any characters, so it is their hash.</summary>
    public string FileName => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Network}\0{ContainerId}\0{InterfaceName}")))[..32];

    public override string ToString() => $"{Network}/{ContainerId}/{InterfaceName}";
}
