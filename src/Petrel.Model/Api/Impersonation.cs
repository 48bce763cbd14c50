namespace Petrel.Model.Api;

/// <summary>
/// For whom a caller wants to act, as the request's <c>Impersonate-</c> headers say (<c>kubectl --as</c>). Whether it may is not settled
/// yet.
/// </summary>
/// <param name="User">Impersonate-User.</param>
/// <param name="Groups">Impersonate-Group, which may repeat.</param>
/// <param name="Uid">Impersonate-Uid.</param>
/// <param name="Extra">Impersonate-Extra-KEY: the keys in lower case and decoded, in order.</param>
public sealed record Impersonation(
    string User,
    IReadOnlyList<string> Groups,
    string Uid,
    IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Extra
);
