using System.Text;
using k8s.Models;

namespace Petrel.Client.Tests;

public sealed class SharedObjectsTests
{
    private const string Pod =
        """{"apiVersion":"v1","kind":"Pod","metadata":"""
        + """{"name":"p","namespace":"default","resourceVersion":"7","managedFields":[{"manager":"m"}]},"spec":{"containers":[]}}""";

    [Fact]
    public void The_same_bytes_are_one_object()
    {
        var first = SharedObjects<V1Pod>.Read(Encoding.UTF8.GetBytes(Pod));
        var second = SharedObjects<V1Pod>.Read(Encoding.UTF8.GetBytes(Pod));
        Assert.Same(first.Value, second.Value);
        Assert.Equal(7UL, second.Revision);
        Assert.Null(first.Value.Metadata.ManagedFields);
    }

    [Fact]
    public void Other_bytes_are_another_object_however_alike()
    {
        var first = SharedObjects<V1Pod>.Read(Encoding.UTF8.GetBytes(Pod));
        var second = SharedObjects<V1Pod>.Read(Encoding.UTF8.GetBytes(Pod.Replace("\"7\"", "\"8\"", StringComparison.Ordinal)));
        Assert.NotSame(first.Value, second.Value);
        Assert.Equal(8UL, second.Revision);
    }

    [Theory]
    [InlineData("ADDED", WatchEventKind.Added)]
    [InlineData("MODIFIED", WatchEventKind.Modified)]
    [InlineData("DELETED", WatchEventKind.Deleted)]
    public void An_event_is_the_same_whether_its_object_is_known_or_not(string type, WatchEventKind kind)
    {
        var line = Line(type, Pod.Replace("\"p\"", $"\"{type}\"", StringComparison.Ordinal));
        var unknown = WatchEvent<V1Pod>.Parse(line, shared: true);
        var known = WatchEvent<V1Pod>.Parse(line, shared: true);
        Assert.Equal(kind, unknown.Kind);
        Assert.Equal(unknown, known);
        Assert.Equal(type, known.Object!.Metadata.Name);
    }

    [Fact]
    public void An_event_in_another_form_is_read_too()
    {
        var line = Encoding.UTF8.GetBytes($$""" { "object": {{Pod}}, "type": "MODIFIED" } """);
        Assert.Equal(WatchEventKind.Modified, WatchEvent<V1Pod>.Parse(line, shared: true).Kind);
        line = Line("MODIFIED", Pod + ",\"more\":1");
        Assert.Equal("p", WatchEvent<V1Pod>.Parse(line, shared: true).Object!.Metadata.Name);
    }

    [Fact]
    public void An_object_that_is_not_shared_is_the_readers_own_and_whole()
    {
        var line = Line("MODIFIED", Pod);
        var own = WatchEvent<V1Pod>.Parse(line);
        Assert.NotSame(own.Object, WatchEvent<V1Pod>.Parse(line).Object);
        Assert.Single(own.Object!.Metadata.ManagedFields);
    }

    [Fact]
    public void A_change_of_a_shared_object_is_found_out()
    {
        SharedObjectAudit.Enable(true);
        try
        {
            var json = Encoding.UTF8.GetBytes(Pod.Replace("\"p\"", "\"audited\"", StringComparison.Ordinal));
            var shared = SharedObjects<V1Pod>.Read(json);
            Assert.Same(shared, SharedObjects<V1Pod>.Find(json));
            shared.Value.Spec.NodeName = "n";
            Assert.Throws<InvalidOperationException>(() => SharedObjects<V1Pod>.Find(json));
        }
        finally
        {
            SharedObjectAudit.Enable(false);
        }
    }

    [Fact]
    public void A_list_is_read_item_by_item()
    {
        var list = Encoding.UTF8.GetBytes(
            (
                """{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"","resourceVersion":"42"},"items":[{"metadata":"""
                + """{"name":"a","resourceVersion":"1"}},POD],"more":[1]}"""
            ).Replace("POD", Pod, StringComparison.Ordinal)
        );
        var (items, revision) = ListReader.Read<V1Pod>(list, shared: false);
        Assert.Equal(42UL, revision);
        Assert.Equal(["a", "p"], items.Select(i => i.Metadata.Name));
        Assert.All(items, i => Assert.Equal(("v1", "Pod"), (i.ApiVersion, i.Kind)));
        Assert.Empty(ListReader.Read<V1Pod>("""{"items":null,"metadata":{"resourceVersion":"1"}}"""u8, shared: true).Items);
    }

    private static byte[] Line(string type, string value) => Encoding.UTF8.GetBytes("{\"type\":\"" + type + "\",\"object\":" + value + "}");
}
