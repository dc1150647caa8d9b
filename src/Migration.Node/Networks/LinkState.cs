namespace Migration.Node.Networks;

/// <summary>A guest NIC's carrier.</summary>
internal enum LinkState
{
    Up = 1,
    Down,
}
