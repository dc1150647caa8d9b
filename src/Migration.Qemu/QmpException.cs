namespace Migration.Qemu;

/// <summary>QEMU refused a command, or the session with it ended. The message names the command and QEMU's reason.</summary>
public sealed class QmpException : Exception
{
    private const string SessionEndedClass = "SessionEnded";

    public QmpException(string command, string errorClass, string description, Exception? cause = null)
        : base($"{command}: {description}", cause)
    {
        Command = command;
        Class = errorClass;
        Description = description;
    }

    /// <summary>The QMP command, or what the session was doing.</summary>
    public string Command { get; }

    /// <summary>QEMU's error class (<c>GenericError</c>, <c>CommandNotFound</c>, ...). Descriptions are for people: never parse them.</summary>
    public string Class { get; }

    public string Description { get; }

    /// <summary>
    /// The session ended before an answer came: whether the command was carried out is unknown. Connect again and ask QEMU,
    /// or find that it is gone.
    /// </summary>
    public bool SessionEnded => Class == SessionEndedClass;

    internal static QmpException Ended(string operation, string description, Exception? cause = null) =>
        new(operation, SessionEndedClass, description, cause);

    /// <summary>The same cause, told to the caller of one command.</summary>
    internal QmpException For(string command) => new(command, Class, Description, this);
}
