namespace Migration.Api;

/// <summary>Types of an instance's conditions.</summary>
public static class InstanceCondition
{
    /// <summary>The guest runs and can be reached.</summary>
    public const string Ready = "Ready";

    /// <summary>The instance could be put into effect as written.</summary>
    public const string Synchronized = "Synchronized";

    /// <summary>The vCPUs are stopped.</summary>
    public const string Paused = "Paused";

    public const string LiveMigratable = "LiveMigratable";

    /// <summary>The same, but for the disks.</summary>
    public const string StorageLiveMigratable = "StorageLiveMigratable";

    /// <summary>The spec was changed in a way that a running guest cannot take; the message names the fields.</summary>
    public const string RestartRequired = "RestartRequired";

    /// <summary>The spec was changed in a way that takes effect when the guest moves; the message names the fields.</summary>
    public const string MigrationRequired = "MigrationRequired";

    /// <summary>Ours: the spec asks for things that are not acted on; the message names the fields.</summary>
    public const string FieldsNotActedOn = "FieldsNotActedOn";

    /// <summary>Somebody asked for the guest to leave its node.</summary>
    public const string EvictionRequested = "EvictionRequested";
}
