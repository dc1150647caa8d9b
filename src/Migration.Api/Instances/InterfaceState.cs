namespace Migration.Api;

/// <summary>What an interface's state can be asked to be; nothing means up.</summary>
public static class InterfaceState
{
    public const string Up = "up";

    /// <summary>Plugged in, without carrier.</summary>
    public const string Down = "down";

    /// <summary>To be unplugged, and then to be taken out of the spec.</summary>
    public const string Absent = "absent";
}
