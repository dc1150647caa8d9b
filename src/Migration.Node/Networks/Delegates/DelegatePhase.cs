namespace Migration.Node.Networks.Delegates;

/// <summary>How far a delegate is; on disk before the plugins are executed.</summary>
internal enum DelegatePhase
{
    /// <summary>ADD was begun: it may have done anything between nothing and all.</summary>
    Adding = 1,

    /// <summary>ADD has succeeded, the result is known.</summary>
    Added,

    /// <summary>DEL was begun.</summary>
    Deleting,
}
