namespace Petrel.Faults.Links;

/// <summary>Which way messages do not pass.</summary>
[Flags]
public enum LinkDirection
{
    None = 0,

    /// <summary>Requests don't reach the server.</summary>
    ToServer = 1,

    /// <summary>Answers and events don't come back.</summary>
    FromServer = 2,

    Both = ToServer | FromServer,
}
