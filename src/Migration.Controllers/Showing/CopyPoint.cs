namespace Migration.Controllers.Showing;

/// <summary>A moment of a copy: seconds since it began, bytes that remain, bytes per second copied and dirtied.</summary>
public readonly record struct CopyPoint(double Seconds, long Remaining, double Rate, double DirtyRate);
