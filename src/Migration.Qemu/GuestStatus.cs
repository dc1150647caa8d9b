namespace Migration.Qemu;

/// <summary>What <c>query-status</c> says.</summary>
public sealed record GuestStatus(bool Running, RunState State);
