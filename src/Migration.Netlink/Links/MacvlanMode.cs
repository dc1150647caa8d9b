namespace Migration.Netlink;

/// <summary>MACVLAN_MODE_*.</summary>
public enum MacvlanMode : uint
{
    Private = 1,
    Vepa = 2,
    Bridge = 4,
    Passthru = 8,
    Source = 16,
}
