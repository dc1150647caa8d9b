using System.Globalization;

namespace Migration.Linux;

/// <summary>A process number together with when it started (clock ticks since boot): unique until the next boot, so it can be written to a file.</summary>
public readonly record struct ProcessIdentity(int Id, ulong StartTime)
{
    public static ProcessIdentity Current() => TryOf(Environment.ProcessId) ?? throw new InvalidOperationException("this process is not in /proc");

    /// <summary>Null if there is no such process.</summary>
    public static ProcessIdentity? TryOf(int id)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{id}/stat");
        }
        catch (IOException)
        {
            return null;
        }

        // proc_pid_stat(5): starttime is field 22; the command in field 2 may itself hold spaces and parentheses, so count from its end.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return new ProcessIdentity(id, ulong.Parse(fields[22 - 3], CultureInfo.InvariantCulture));
    }
}
