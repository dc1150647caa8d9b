namespace Migration.Node.Machines;

/// <summary>The machine is to be gone; the guest may take this long to shut down.</summary>
internal sealed record Deletion(TimeSpan GracePeriod, DateTimeOffset Since);
