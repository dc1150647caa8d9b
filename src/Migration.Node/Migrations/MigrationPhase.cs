namespace Migration.Node.Migrations;

/// <summary>Where a migration is, seen from one of its two nodes; the contract's <c>MigrationPhase</c>.</summary>
internal enum MigrationPhase
{
    /// <summary>Source: connecting. Target: listening.</summary>
    Setup = 1,
    Copying,
    /// <summary>The guest is stopped; the last of its state is on its way.</summary>
    Switching,
    /// <summary>The guest runs on the target.</summary>
    Succeeded,
    /// <summary>Given up; the guest runs on the source.</summary>
    Failed,
    Cancelled,
    /// <summary>The guest is stopped on the source, and the target cannot be asked whether it runs there.</summary>
    Undecided,
}
