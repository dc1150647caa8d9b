namespace Migration.Netlink;

/// <summary>Where on its way a packet meets a base chain (NF_INET_*).</summary>
public enum FilterHook : uint
{
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}
