namespace Migration.Api;

/// <summary>A field of a spec that is not acted on yet.</summary>
/// <param name="Path">As a user would write it: <c>spec.volumes[0].containerDisk</c>.</param>
/// <param name="Essential">Without it the guest would not be what was asked for, so it is not started.</param>
public readonly record struct UnsupportedField(string Path, bool Essential);
