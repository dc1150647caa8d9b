namespace Migration.Grpc.Tests;

/// <summary>What came back for a call made by hand.</summary>
internal sealed record RawAnswer(int Http, string? Status, string? Message, string? AcceptEncoding, byte[] Body);
