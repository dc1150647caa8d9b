namespace Migration.Controllers.Networks;

/// <summary>Why a network cannot be had now; the message begins with the field that asks for it.</summary>
public sealed record NetworkProblem(string Reason, string Message);
