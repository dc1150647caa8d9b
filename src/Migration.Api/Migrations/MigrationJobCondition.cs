namespace Migration.Api;

/// <summary>Types of a migration's conditions.</summary>
public static class MigrationJobCondition
{
    /// <summary>Somebody deleted the migration while it was in flight.</summary>
    public const string AbortRequested = "migrationAbortRequested";

    /// <summary>Ours: it does not advance for now; reason and message say why.</summary>
    public const string Waiting = "migrationWaiting";

    /// <summary>Ours: the guest is stopped on the source and the target cannot be asked whether it runs there.</summary>
    public const string Undecided = "migrationUndecided";

    /// <summary>Ours: the policy asks for things that are not acted on; the message names the fields.</summary>
    public const string PolicyNotActedOn = "migrationPolicyNotActedOn";
}
