namespace Migration.Node.Networks;

/// <summary>Which end of a stretch a pod NIC is.</summary>
internal enum StretchPart
{
    /// <summary>This pod keeps the address and passes frames on, both ways.</summary>
    Home = 1,

    /// <summary>The guest is plugged in here. The pod's own NIC is not part of it.</summary>
    Guest,
}
