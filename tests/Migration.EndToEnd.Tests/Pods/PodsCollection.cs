namespace Migration.EndToEnd.Tests.Pods;

/// <summary>Tests that share one cluster.</summary>
[CollectionDefinition(nameof(PodsCollection))]
public sealed class PodsCollection : ICollectionFixture<PodsCluster>;
