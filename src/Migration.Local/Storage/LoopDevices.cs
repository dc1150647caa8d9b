using System.Diagnostics;

namespace Migration.Local.Storage;

/// <summary>Files as block devices of this machine. One file has one device, however many pods use it: two would each cache for themselves.</summary>
internal static class LoopDevices
{
    private const UnixFileMode Everybody = (UnixFileMode)0b110_110_110;

    /// <summary>The device of the file, made where there is none.</summary>
    /// <exception cref="IOException">The machine has none to give.</exception>
    public static string Attach(string file)
    {
        var device = Run("--find", "--show", "--nooverlap", file).Trim();
        // The pods' users differ, and nobody but pods of this cluster looks for it.
        File.SetUnixFileMode(device, Everybody);
        return device;
    }

    public static void Detach(string file)
    {
        foreach (var line in Run("--associated", file).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Run("--detach", line.Split(':')[0]);
    }

    private static string Run(params string[] arguments)
    {
        using var losetup = Process.Start(new ProcessStartInfo("losetup", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new IOException("losetup was not started");
        // It says a line or two: nothing fills up meanwhile.
        var output = losetup.StandardOutput.ReadToEnd();
        losetup.WaitForExit();
        return losetup.ExitCode == 0 ? output : throw new IOException($"losetup {string.Join(' ', arguments)}: {losetup.StandardError.ReadToEnd().Trim()}");
    }
}
