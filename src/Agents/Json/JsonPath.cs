namespace Holdfast.Agents.Json;

/// <summary>Where a walk through a document is. It becomes text only when a message needs it: the places of a document, written out, can be
/// longer than the document by far.</summary>
internal sealed class JsonPath
{
    private readonly JsonPath? parent;
    private readonly string? name;
    private readonly int index;

    private JsonPath(JsonPath? parent, string? name, int index) => (this.parent, this.name, this.index) = (parent, name, index);

    public static JsonPath Root { get; } = At("");

    /// <summary>A place to go on from.</summary>
    public static JsonPath At(string written) => new(null, written, 0);

    public JsonPath Member(string member) => new(this, member, 0);

    public JsonPath Item(int at) => new(this, null, at);

    public override string ToString() => parent is null ? name!
        : name is null ? JsonPlace.Item(parent.ToString(), index) : JsonPlace.Member(parent.ToString(), name);
}
