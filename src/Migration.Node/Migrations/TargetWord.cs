namespace Migration.Node.Migrations;

/// <summary>What the target last answered when asked for the outcome.</summary>
internal enum TargetWord
{
    NotAsked,
    Unreachable,
    Pending,
    Activated,
    Aborted,
}
