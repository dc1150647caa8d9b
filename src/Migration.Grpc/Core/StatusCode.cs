namespace Grpc.Core;

/// <summary>How a call ended. The numbers are the protocol's.</summary>
public enum StatusCode
{
    /// <summary>It succeeded.</summary>
    OK = 0,

    /// <summary>The caller gave it up.</summary>
    Cancelled = 1,

    /// <summary>An error that says nothing about itself.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>Time ran out first.</summary>
    DeadlineExceeded = 4,

    /// <summary>What was asked for is not there.</summary>
    NotFound = 5,

    /// <summary>What was to be made is there already.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A limit was reached.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is not in the state that this needs.</summary>
    FailedPrecondition = 9,

    /// <summary>A concurrent operation was in the way.</summary>
    Aborted = 10,

    /// <summary>Past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>Not offered here.</summary>
    Unimplemented = 12,

    /// <summary>An invariant was broken.</summary>
    Internal = 13,

    /// <summary>Not reachable now; a retry may help.</summary>
    Unavailable = 14,

    /// <summary>Data were lost for good.</summary>
    DataLoss = 15,

    /// <summary>The caller has not said who it is.</summary>
    Unauthenticated = 16,
}
