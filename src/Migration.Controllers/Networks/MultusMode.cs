namespace Migration.Controllers.Networks;

/// <summary>Who attaches the networks that pods ask for beside the cluster's.</summary>
public enum MultusMode
{
    /// <summary>Multus where it is installed, else the nodes.</summary>
    Auto,

    /// <summary>Multus; the nodes bind what it attached.</summary>
    External,

    /// <summary>The nodes themselves.</summary>
    BuiltIn,
}
