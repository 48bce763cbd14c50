using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Kinds;

/// <summary>Whatever is wrong with a Secret, its values are not repeated.</summary>
public sealed class SecretPrivacyTests
{
    private const string Secrets = "/api/v1/namespaces/default/secrets";
    private const string Value = "hunter2-very-secret";

    [Theory]
    [InlineData("""{"metadata":{"name":"s"},"data":{"k":"hunter2-very-secret"}}""", 400, "illegal base64 data at input byte 7")]
    [InlineData("""{"metadata":{"name":"s"},"data":{"k":["hunter2-very-secret"]}}""", 400, "expected base64 text, got an array")]
    [InlineData("""{"metadata":{"name":"s"},"data":"hunter2-very-secret"}""", 400, "data: expected an object, got the string <secret")]
    [InlineData("""{"metadata":{"name":"s"},"stringData":"hunter2-very-secret"}""", 400, "expected an object")]
    [InlineData("""{"metadata":{"name":"s","labels":"hunter2-very-secret"}}""", 400, "expected an object")]
    [InlineData("""{"metadata":{"name":"s"},"immutable":"hunter2-very-secret"}""", 400, "expected a boolean, got the string <secret")]
    [InlineData(
        """{"metadata":{"name":"s"},"type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":"hunter2-very-secret"}}""",
        422,
        "<secret contents redacted>"
    )]
    public async Task Refusals_do_not_repeat_values(string body, int status, string problem)
    {
        await using var api = await TestApi.StartAsync();

        var message = (await api.JsonAsync(status, "POST", Secrets, body)).ToJsonString(Readable);

        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.DoesNotContain(Value, message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/merge-patch+json", """{"data":{"k":"hunter2-very-secret"}}""")]
    [InlineData("application/strategic-merge-patch+json", """{"stringData":"hunter2-very-secret"}""")]
    [InlineData("application/json-patch+json", """[{"op":"add","path":"/data","value":"hunter2-very-secret"}]""")]
    [InlineData("application/json-patch+json", """[{"op":"test","path":"/data/old","value":"hunter2-very-secret"}]""")]
    [InlineData(
        "application/apply-patch+yaml",
        """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"k":"hunter2-very-secret"}}"""
    )]
    [InlineData(
        "application/apply-patch+yaml",
        """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":["hunter2-very-secret"]}"""
    )]
    public async Task Nor_do_those_of_patches(string type, string patch)
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(Secrets, """{"metadata":{"name":"s"},"data":{"old":"b2xk"}}""");
        var query = type.Contains("apply", StringComparison.Ordinal) ? "?fieldManager=a" : "";

        var response = await api.SendAsync("PATCH", $"{Secrets}/s{query}", patch, type);

        Assert.InRange(response.StatusCode, 400, 500);
        Assert.DoesNotContain("hunter", response.BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nor_do_those_of_reviews_of_tokens()
    {
        await using var api = await TestApi.StartAsync();

        var response = await api.SendAsync(
            "POST",
            "/apis/authentication.k8s.io/v1/tokenreviews",
            """{"spec":{"token":"x","audiences":"hunter2-very-secret"}}"""
        );

        Assert.Equal(400, response.StatusCode);
        Assert.DoesNotContain("hunter", response.BodyText, StringComparison.Ordinal);
    }

    private static readonly System.Text.Json.JsonSerializerOptions Readable = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
