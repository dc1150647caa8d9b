namespace Migration.Cni;

/// <summary>The specification's codes that we use. From <see cref="Private"/> on a code is ours: 100 plus the gRPC status that the node answered with.</summary>
internal enum CniErrorCode
{
    IncompatibleVersion = 1,
    InvalidEnvironment = 4,
    Io = 5,
    Decode = 6,
    InvalidConfiguration = 7,
    TryAgainLater = 11,

    /// <summary>STATUS: ADD cannot be served.</summary>
    NotAvailable = 50,

    /// <summary>STATUS: the same, and guests that run already may be without what the node does for them.</summary>
    NotAvailableAndLimited = 51,
    Private = 100,
    Internal = 999,
}
