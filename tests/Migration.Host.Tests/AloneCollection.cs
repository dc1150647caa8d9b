namespace Migration.Host.Tests;

/// <summary>
/// For tests that look at the whole process, and for those that count every frame of a switch-over, which a machine with far too much to do
/// still loses now and then (docs/switchover.md): nothing else runs meanwhile.
/// </summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
