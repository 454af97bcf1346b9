using System.Collections.Immutable;
using Tallystick.Commands;
using Tallystick.Events;

namespace Tallystick.Tests.Testing.Machines;

/// <summary>A cart whose count is kept beside its items, so that a bug can let them part.</summary>
public sealed record Cart(ImmutableArray<CartItem> Items, int Count)
{
    public static Cart Empty { get; } = new([], 0);
}

public sealed record CartItem(string Sku, int Quantity);

public abstract record CartCommand;

public sealed record AddItem(string Sku, int Quantity) : CartCommand, IValidated
{
    public IEnumerable<ValidationFailure> Validate()
    {
        if (Sku.Length is 0 or > 10 || !Sku.All(char.IsAsciiLetterOrDigit))
            yield return new ValidationFailure("sku", "Use 1 to 10 letters and digits.");
        if (Quantity is < 1 or > 1000)
            yield return new ValidationFailure("quantity", "Use 1 to 1000.");
    }
}

public sealed record RemoveItem(string Sku) : CartCommand;

public abstract record CartEvent;

[EventType("cart.item-added")]
public sealed record ItemAdded(string Sku, int Quantity) : CartEvent;

[EventType("cart.item-removed")]
public sealed record ItemRemoved(string Sku) : CartEvent;

/// <summary>Right as it is; each bug is a class that derives from it.</summary>
public abstract class CartRules : Decider<CartCommand, CartEvent, Cart>
{
    public override string Category => "cart";

    public override Cart InitialState => Cart.Empty;

    public override Decision<CartEvent> Decide(CartCommand command, Cart cart) => command switch
    {
        AddItem add => Accept(new ItemAdded(add.Sku, add.Quantity)),
        RemoveItem remove => cart.Items.Any(item => item.Sku == remove.Sku)
            ? Accept(new ItemRemoved(remove.Sku))
            : Reject("item-unknown", "There is no such item."),
        _ => Reject("cart-command", "This can't be asked of a cart."),
    };

    public override Cart Evolve(Cart cart, CartEvent @event) => @event switch
    {
        ItemAdded added => new Cart(cart.Items.Add(new CartItem(added.Sku, added.Quantity)), cart.Count + added.Quantity),
        ItemRemoved removed => new Cart(
            cart.Items.RemoveAll(item => item.Sku == removed.Sku),
            cart.Count - cart.Items.Where(item => item.Sku == removed.Sku).Sum(item => item.Quantity)),
        _ => cart,
    };
}

public sealed class CartDecider : CartRules
{
    public override int SnapshotEvery => 10;
}

/// <summary>Forgets the quantity when an item is removed.</summary>
public sealed class MiscountingCart : CartRules
{
    public override Cart Evolve(Cart cart, CartEvent @event) => @event is ItemRemoved removed
        ? new Cart(cart.Items.RemoveAll(item => item.Sku == removed.Sku), cart.Count - 1)
        : base.Evolve(cart, @event);
}

/// <summary>Throws where it should reject.</summary>
public sealed class ThrowingCart : CartRules
{
    public override Decision<CartEvent> Decide(CartCommand command, Cart cart) => command is AddItem && cart.Items.Length == 2
        ? throw new InvalidOperationException("The cart is full.")
        : base.Decide(command, cart);
}

/// <summary>Its fold depends on how often it was folded.</summary>
public sealed class CountingCart : CartRules
{
    private int _folds;

    public override Cart Evolve(Cart cart, CartEvent @event) => base.Evolve(cart, @event) with { Count = ++_folds };
}

/// <summary>A rejection makes the next command fail too.</summary>
public sealed class ResentfulCart : CartRules
{
    private bool _resents;

    public override Decision<CartEvent> Decide(CartCommand command, Cart cart)
    {
        if (command is AddItem && _resents)
        {
            _resents = false;
            return Accept();
        }

        var decision = base.Decide(command, cart);
        _resents |= decision.IsRejected;
        return decision;
    }
}

/// <summary>Decides by something else than what it is given.</summary>
public sealed class MoodyCart : CartRules
{
    private int _calls;

    public override Decision<CartEvent> Decide(CartCommand command, Cart cart) => command is AddItem add
        ? Accept(new ItemAdded(add.Sku, ++_calls))
        : base.Decide(command, cart);
}

/// <summary>Rejects everything.</summary>
public sealed class ClosedCart : CartRules
{
    public override Decision<CartEvent> Decide(CartCommand command, Cart cart) => Reject("closed", "The shop is closed.");
}

/// <summary>Only fails when it is asked a second time, as the checks do.</summary>
public sealed class ImpatientCart : CartRules
{
    private CartCommand? _last;

    public override Decision<CartEvent> Decide(CartCommand command, Cart cart)
    {
        if (ReferenceEquals(command, _last))
            throw new InvalidOperationException("Asked twice.");
        _last = command;
        return base.Decide(command, cart);
    }
}

public abstract record TaggingCommand;

public sealed record Tag(string Sku) : TaggingCommand;

/// <summary>Its events carry a tag, which a store limits.</summary>
public sealed class TaggingDecider : Decider<TaggingCommand, TaggingEvent, Cart>
{
    public override string Category => "tagging";

    public override Cart InitialState => Cart.Empty;

    public override Decision<TaggingEvent> Decide(TaggingCommand command, Cart cart) => Accept(new Tagged(((Tag)command).Sku));

    public override Cart Evolve(Cart cart, TaggingEvent @event) => cart;
}

public abstract record TaggingEvent;

[EventType("tagging.tagged")]
public sealed record Tagged([property: EventTag("sku")] string Sku) : TaggingEvent;
