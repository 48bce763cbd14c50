using System.Globalization;

namespace Petrel.Security.Tokens;

/// <summary>
/// The service account token keys of a cluster in a directory, <c>service-account-TIME.key</c> (PEM, mode 0600). Opening the directory
/// rotates the keys. When the newest key has reached the end of its signing time, a new key takes over signing. A key is deleted when its
/// last token has expired.
/// </summary>
public static class TokenKeyFiles
{
    private const string Prefix = "service-account-";
    private const string Suffix = ".key";
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>How long a key signs.</summary>
    public static readonly TimeSpan SigningTime = TimeSpan.FromDays(180);

    /// <summary>How long a key verifies after another key has taken over signing. A pod's token is valid for at most one year.</summary>
    public static readonly TimeSpan VerifyingTime = TimeSpan.FromDays(400);

    /// <summary>Loads the keys of a directory, newest first. Generates one when there is none.</summary>
    public static TokenKeySet Open(string directory, TimeProvider time)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var now = time.GetUtcNow();
        var files = Directory
            .EnumerateFiles(directory, $"{Prefix}*{Suffix}")
            .Select(f => (Path: f, Made: MadeAt(f)))
            .Where(f => f.Made is not null)
            .Select(f => (f.Path, Made: f.Made!.Value))
            .OrderByDescending(f => f.Made)
            .ToList();
        if (files.Count == 0 || files[0].Made + SigningTime <= now)
        {
            var path = Path.Combine(directory, Prefix + now.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture) + Suffix);
            SecretFile.Write(path, TokenKeySet.NewKey());
            files.Insert(0, (path, now));
        }
        for (var i = files.Count - 1; i > 0 && files[i - 1].Made + VerifyingTime <= now; i--)
        {
            File.Delete(files[i].Path);
            files.RemoveAt(i);
        }
        return new([.. files.Select(f => File.ReadAllText(f.Path))]);
    }

    private static DateTimeOffset? MadeAt(string path)
    {
        var name = Path.GetFileName(path);
        return DateTimeOffset.TryParseExact(
            name[Prefix.Length..^Suffix.Length],
            TimeFormat,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var made
        )
            ? made
            : null;
    }
}
