using CsCheck;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes;

namespace Petrel.Agent.Tests.Images;

public sealed class ImageReferenceTests
{
    private const string Digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("busybox", "docker.io/library/busybox:latest")]
    [InlineData("busybox:1.35", "docker.io/library/busybox:1.35")]
    [InlineData("bitnami/redis", "docker.io/bitnami/redis:latest")]
    [InlineData("docker.io/nginx", "docker.io/library/nginx:latest")]
    [InlineData("index.docker.io/nginx", "docker.io/library/nginx:latest")]
    [InlineData("localhost/web", "localhost/web:latest")]
    [InlineData("localhost:5000/web:v1", "localhost:5000/web:v1")]
    [InlineData("127.0.0.1:5000/team/web", "127.0.0.1:5000/team/web:latest")]
    [InlineData("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9")]
    [InlineData("busybox@" + Digest, "docker.io/library/busybox@" + Digest)]
    [InlineData("busybox:1@" + Digest, "docker.io/library/busybox:1@" + Digest)]
    public void Short_names_mean_what_they_mean_to_docker(string text, string full) =>
        Assert.Equal(full, ImageReference.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("Busybox")]
    [InlineData("busybox:")]
    [InlineData("busybox:a b")]
    [InlineData("/busybox")]
    [InlineData("a//b")]
    [InlineData("busybox@sha256:12")]
    [InlineData("busybox\n")]
    [InlineData("../../etc/passwd")]
    public void Anything_else_is_an_invalid_image_name(string text) =>
        Assert.Equal("InvalidImageName", Assert.Throws<RuntimeException>(() => ImageReference.Parse(text)).Reason);

    [Fact]
    public void A_full_name_reads_as_itself_and_garbage_only_fails_in_the_one_way()
    {
        var word = Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789"].Array[1, 8].Select(c => new string(c));
        Gen.Select(word, word, word)
            .Sample(
                (registry, repository, tag) =>
                {
                    var full = $"{registry}.example:5000/{repository}:{tag}";
                    return ImageReference.Parse(full).ToString() == full;
                }
            );
        Gen.String[Gen.Char["abZ09.:/@-_ \n"], 0, 20]
            .Sample(text =>
            {
                try
                {
                    var parsed = ImageReference.Parse(text);
                    return ImageReference.Parse(parsed.ToString()) == parsed;
                }
                catch (RuntimeException e)
                {
                    return e.Reason == "InvalidImageName";
                }
            });
    }
}
