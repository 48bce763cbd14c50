using System.Text.Json.Nodes;
using Petrel.Security.Tokens;

namespace Petrel.Security.Tests;

public sealed class TokenKeyFilesTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly string _directory = Directory.CreateTempSubdirectory("petrel-keys-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Keys_are_kept_for_their_owner_alone()
    {
        var token = Open(Start).Sign(new JsonObject { ["sub"] = "a" });

        Assert.Equal("a", (string?)Open(Start.AddDays(1)).Verify(token)?["sub"]);
        var file = Assert.Single(Directory.GetFiles(_directory));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void A_new_key_takes_over_in_time_and_the_old_one_verifies_until_its_last_token_has_ended()
    {
        var claims = new JsonObject { ["sub"] = "a" };
        var first = Open(Start).Sign(claims);
        var change = Start + TokenKeyFiles.SigningTime;

        var second = Open(change).Sign(claims);
        var later = Open(change + TokenKeyFiles.SigningTime - TimeSpan.FromSeconds(1));

        Assert.NotEqual(first.Split('.')[0], second.Split('.')[0]);
        Assert.NotNull(later.Verify(first));
        Assert.NotNull(later.Verify(second));
        Assert.Equal(2, later.PublicKeys["keys"]!.AsArray().Count);
        Assert.Equal(second.Split('.')[0], later.Sign(claims).Split('.')[0]);
        var last = Open(change + TokenKeyFiles.VerifyingTime);
        Assert.Null(last.Verify(first));
        Assert.NotNull(last.Verify(second));
    }

    [Fact]
    public void A_token_that_none_of_the_keys_signed_is_nothing()
    {
        var keys = Open(Start);
        var other = new TokenKeySet(TokenKeySet.NewKey());

        Assert.Null(keys.Verify(other.Sign([])));
        Assert.Null(keys.Verify(""));
        Assert.Null(keys.Verify("a.b.c"));
        Assert.Null(keys.Verify("eyJhbGciOiJub25lIn0.e30."));
    }

    private TokenKeySet Open(DateTimeOffset now) => TokenKeyFiles.Open(_directory, new FixedTime(now));

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
