namespace Migration.Host.Tests;

/// <summary>For tests that look at the whole process: nothing else runs meanwhile.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
