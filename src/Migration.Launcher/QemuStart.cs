using System.Globalization;
using Migration.Linux;

namespace Migration.Launcher;

/// <summary>
/// The moment between the launcher and QEMU: this very program, started as the child that becomes QEMU. Only a process itself can
/// ask to be killed when its parent ends, and the wish survives the change of program (prctl(2), PR_SET_PDEATHSIG).
/// </summary>
internal static class QemuStart
{
    public const string Verb = "--start-qemu";

    /// <summary>The exit code of a shell that cannot run a program.</summary>
    public const int CannotRun = 127;

    public static IReadOnlyList<string> Arguments(string program, IReadOnlyList<string> arguments) =>
        [Verb, Environment.ProcessId.ToString(CultureInfo.InvariantCulture), program, .. arguments];

    public static int Run(string[] arguments)
    {
        try
        {
            if (arguments is not [Verb, var parent, var program, ..])
                throw new ArgumentException($"{Verb} is for the launcher's own use");
            if (ProcessImage.TieToParent(int.Parse(parent, CultureInfo.InvariantCulture)))
                ProcessImage.Replace(program, arguments[3..]);
        }
        catch (Exception refused) when (refused is LinuxException or ArgumentException or FormatException)
        {
            Log.Write(refused.Message);
        }

        return CannotRun;
    }
}
